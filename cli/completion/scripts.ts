// The scripts that shells load. They ask the program itself, so that they never have to be made anew.

export const shells = ['bash', 'zsh', 'fish', 'kubectl'] as const;
export type Shell = (typeof shells)[number];

/** The program's own name; under kubectl the plugin mechanism asks instead. */
const program = 'kubectl-protection';

const bash = `# bash completion for ${program}
_kubectl_protection() {
  local line
  COMPREPLY=()
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  # bash takes = for a word of its own: put --flag=value together again.
  if [[ "\${COMP_WORDS[COMP_CWORD-1]}" == "=" ]]; then
    words=("\${COMP_WORDS[@]:1:COMP_CWORD-3}" "\${COMP_WORDS[COMP_CWORD-2]}" "\${COMP_WORDS[COMP_CWORD]}")
  elif [[ "\${COMP_WORDS[COMP_CWORD]}" == "=" ]]; then
    words=("\${COMP_WORDS[@]:1:COMP_CWORD-2}" "\${COMP_WORDS[COMP_CWORD-1]}" "")
  fi
  while IFS= read -r line; do
    case "$line" in
      :0) [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default ;;
      :*) ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <(${program} __complete "\${words[@]}" 2>/dev/null)
}
complete -F _kubectl_protection ${program}
`;

const zsh = `#compdef ${program}
_kubectl_protection() {
  local line directive
  local -a candidates
  while IFS= read -r line; do
    case "$line" in
      :*) directive="$line" ;;
      *) candidates+=("$line") ;;
    esac
  done < <(${program} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then
    compadd -a candidates
  elif [[ "$directive" == ":0" ]]; then
    _files
  fi
}
compdef _kubectl_protection ${program}
`;

const fish = `# fish completion for ${program}
function __kubectl_protection_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (${program} __complete $words[2..-1] 2>/dev/null)
    string match -q ':*' -- $line; or echo $line
  end
end
complete -c ${program} -f -a '(__kubectl_protection_complete)'
for flag in kubeconfig filename policies agents nodes
  complete -c ${program} -l $flag -r -F
end
`;

const kubectl = `#!/bin/sh
# kubectl asks this file what to offer after "kubectl protection". Put it as kubectl_complete-protection, executable, into the PATH.
exec ${program} __complete "$@"
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, kubectl };
