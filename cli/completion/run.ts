// `completion SHELL`: prints the script that the shell loads.
import { parseFlags } from '../flags/table.ts';
import { UsageError, type Verb } from '../verb.ts';
import { scripts, shells } from './scripts.ts';

const help = `Prints what a shell loads to complete verbs, flags and values.

Usage:
  kubectl protection completion ${shells.join('|')}

Examples:
  # For kubectl-protection itself.
  source <(kubectl-protection completion bash)
  kubectl-protection completion zsh > "\${fpath[1]}/_kubectl-protection"
  kubectl-protection completion fish > ~/.config/fish/completions/kubectl-protection.fish

  # For kubectl protection, once kubectl's own completion is loaded: kubectl asks a file of this name in the PATH.
  kubectl-protection completion kubectl > ~/.local/bin/kubectl_complete-protection
  chmod +x ~/.local/bin/kubectl_complete-protection

Flags:
  -h, --help  Shows this text.
`;

export const completionVerb: Verb = {
  name: 'completion',
  summary: 'What a shell loads to complete verbs, flags and values.',
  help,
  values: { '': shells },
  run: async (args, io) => {
    const [written] = parseFlags({}, args, 1).positionals;
    const shell = shells.find((each) => each === written);
    if (shell === undefined) {
      throw new UsageError(
        `say for which shell: ${shells.join(', ')}${written === undefined ? '' : `; not "${written}"`}`,
      );
    }
    io.stdout.write(scripts[shell]);
    return 0;
  },
};
