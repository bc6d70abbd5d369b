// What a secret looks like: by the name that stands before it, by the program whose option it is, or by itself. Each pattern takes time that
// grows with the text only: what repeats in it cannot match the same characters twice, or is bounded.

/** Stands for what was there. */
export const masked = '***';

/** Without asking first whether there is anything to mask. */
export const maskAll = (text: string): string => {
  let result = text;
  for (const { pattern, by } of replacements) result = result.replace(pattern, by);
  for (const { command, option } of optionsOfPrograms)
    result = result.replace(command, (words) => words.replace(option, `$1${masked}`));
  return result;
};

/** Something of what each pattern below wants: most texts have none of it, and eighty patterns take long to find that out. */
export const suspect =
  /pass|pwd|pw\b|secret|token|key|auth|cred|session|conn|dsn|sas|sig|cookie|otp|pin|jwt|bearer|basic|hook|from-literal|:\/\/|-u|-user|mysql|maria|redis|mongo|login|curl|http|ldap|zip|7z|sqlcmd|mosquitto|snmp|smb|rpcclient|openssl|user(?:add|mod)|cqlsh|rabbitmq|desktop|rdp|ftp|sqlplus|mc\s|net\s|bcp|twine|mstsc|gsql|xh|winexe|bot\d|AKIA|ASIA|AGPA|AROA|ABIA|ACCA|gh[pousr]_|github_pat|gl[a-z]{2,5}-|xox|xapp|[srp]k[-_]|AIza|GOCSPX|ya29|npm_|pypi-|dckr_|hvs|hvb|\bs\.|hf_|dop_v1|shp[a-z]{2}_|dapi|AGE-|SG\.|ATATT|\bey/i;

/** Words by which people name what nobody may see. */
const names =
  'pass(?:word|wd|phrase|code)?|pwd|pw|secret|token|api[-_.]?key|access[-_.]?key(?:[-_]?id)?|secret[-_.]?key|private[-_.]?key|account[-_.]?key|app[-_.]?key|license[-_.]?key|client[-_.]?secret|auth(?:orization)?|credentials?|creds|session[-_]?(?:id|key|token)|encryption[-_]?key|signing[-_]?key|connection[-_]?string|conn[-_]?str|dsn|sas|cookie|otp|pin|jwt|bearer|webhook';
/** Those that mean nothing else, whatever stands before them: `dbPassword`, `storepass`. */
const plainNames =
  'password|passwd|passphrase|storepass|keypass|sshpass|requirepass|masterauth|secret|token|apikey|secretkey|accesskey|credentials?';

/** To the end of the word, as a shell reads words; of what is masked already nothing more. */
const value = String.raw`(?!\*\*\*(?:[\s,;&|)}\]]|$))(?:\\"[^"]*"?|\$?"(?:[^"\\]|\\.)*"?(?:[^\s,;&|)}\]]\S*)?|\$?'[^']*'?(?:[^\s,;&|)}\]]\S*)?|[$<]\([^)]*\)?|${'`'}[^${'`'}]*${'`'}?|(?:\\.|[^\s\\"'])(?:\\.|[^\s\\])*\\?)`;
/** What may stand between a name and its value: `PASSWORD=`, `"password": `, also where a shell's quotes made `\"` of it. */
const says = String.raw`s?\\?["']?\s*[=:]\s*`;

/** Where an argument begins, also within a message of a rule: `command=--password x`. */
const begins = String.raw`(?:^|[\s=("'[,:])`;
/** What stands between arguments, also in a list of JSON: `"--password", "x"`. */
const next = String.raw`(?:\s+|["']\s*,\s*)`;

interface Replacement {
  readonly pattern: RegExp;
  readonly by: string;
}

/** Keeps the first group. */
const after = (pattern: string, flags = 'gi'): Replacement => ({
  pattern: new RegExp(pattern, flags),
  by: `$1${masked}`,
});

const whole = (pattern: RegExp): Replacement => ({ pattern, by: masked });

const replacements: readonly Replacement[] = [
  // PEM blocks, whole or cut.
  whole(
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g,
  ),
  // https://user:password@host, whatever the password is made of; https://token@host.
  { pattern: /([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@:'"]{0,256}:[^\s/'"]{1,256}@/gi, by: `$1${masked}@` },
  { pattern: /([a-z][a-z0-9+.-]{0,30}:\/\/)(?=[^\s/@:'"]{0,256}\d)[^\s/@:'"]{12,256}@/gi, by: `$1${masked}@` },
  // Addresses that are secrets themselves, and those that are signed.
  after(String.raw`(\bhooks\.slack\.com\/[a-z]+\/)[^\s"']+`),
  after(String.raw`(\/api\/webhooks\/\d+\/)[^\s"']+`),
  after(String.raw`(\/bot\d{6,12}:)[\w-]{20,64}`),
  after(String.raw`([?&](?:key|sig|[\w.-]{0,40}signature)=)[^\s"'&#]+`),
  // Authorization: Bearer x, Cookie: x, X-Api-Key: x; up to the end of the quotation.
  after(
    String.raw`\b((?:(?:proxy-)?authorization|cookie|set-cookie|x-[a-z-]{0,40}(?:key|token|secret|auth)|private-token|api-key)\s*:\s*)[^'"\n]+`,
  ),
  after(String.raw`\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}`),
  // A word that follows is no such thing.
  after(String.raw`\b([Bb]asic\s+)(?=[a-z+/]*[A-Z0-9=])[A-Za-z0-9+/=]{8,}`, 'g'),
  // --password=x, PASSWORD=x, "password": "x", db_password: x; a shell's own PWD=/folder is none.
  after(
    String.raw`(?!\bPWD=\/)((?:\b|[-_.])(?:[a-z0-9]{1,40}[-_.]){0,8}?(?:${names})(?:[-_][a-z0-9]+)?${says})${value}`,
  ),
  // -DPASSWORD=x, dbpassword=x: wherever they stand.
  after(String.raw`((?:${plainNames})${says})${value}`),
  // --password x, -token x, --dbPassword x
  after(String.raw`(${begins}--?(?:[a-z0-9]+[-_.])*?(?:${names})${next})(?!-)${value}`),
  after(String.raw`(${begins}--?[\w.-]{0,64}?(?:${plainNames})${next})${value}`),
  // aws configure set aws_secret_access_key x
  after(
    String.raw`\b((?:[a-z0-9]+_)*(?:access_key(?:_id)?|secret_key|api_key|auth_?token|session_token|access_token|private_key)\s+)(?!-)${value}`,
  ),
  after(String.raw`(--from-literal[= ]["']?[\w.-]{1,128}=)${value}`),
  // curl -u user:secret, curl -uuser:secret; of numbers, users and groups of containers.
  after(
    String.raw`((?:^|\s)(?:-[uU]|--user|--proxy-user)[ =]?["']?(?!\d+:\d+(?:\s|$)|[a-z]+:\/\/)[^\s:"'=-][^\s:"']{0,255}:)[^\s"']+`,
    'g',
  ),
  // What is handed to a program that reads a password.
  after(
    String.raw`\b((?:echo|printf)\s)[^|\n]{1,256}(?=\|[^|\n]{0,128}(?:chpasswd|passwd|--password-stdin|sudo\s+-S|stdin:?))`,
  ),
  // Programs that take it among their arguments.
  after(String.raw`\b(sshpass\s+-p\s*)${value}`),
  after(String.raw`\b(redis-cli\b[^|;&\n]{0,512}?\sauth\s+)[^|;&\n"']+`),
  after(String.raw`\b(htpasswd\s+-[a-z]*b[a-z]*\s+)[^|;&\n"']+`, 'g'),
  after(String.raw`\b(rabbitmqctl\b[^|;&\n]{0,256}?\s(?:add_user|change_password)\s+\S+\s+)\S+`),
  after(String.raw`\b(vault\s+(?:login|unwrap)\s+)(?!-)\S+`),
  after(String.raw`\b(mc\s+(?:alias\s+set|config\s+host\s+add)\s+\S+\s+\S+\s+\S+\s+)\S+`),
  after(String.raw`\b(wpa_passphrase\s+\S+\s+)\S+`),
  after(String.raw`\b(sqlplus\s[^|;&\n/]{0,128}\/)[^\s@/"']+(?=@)`),
  after(String.raw`\b(mysqlsh\s[^|;&\n:]{0,128}:)[^\s@:"']+(?=@)`),
  after(String.raw`\b(net\s+use\s[^|;&\n]{0,256}\/user:\S+\s+)\S+`),
  // What says itself what it is.
  whole(/\b(?:AKIA|ASIA|AGPA|AROA|ABIA|ACCA)[A-Z0-9]{16}\b/g),
  whole(/\bgh[pousr]_[A-Za-z0-9]{20,255}\b/g),
  whole(/\bgithub_pat_[A-Za-z0-9_]{20,255}\b/g),
  whole(/\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_-]{16,255}/g),
  whole(/\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255}/g),
  whole(/\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,255}\b/g),
  whole(/\bsk-[A-Za-z0-9_-]{20,255}/g),
  whole(/\b(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,64}|ya29\.[A-Za-z0-9_-]{20,2048})/g),
  whole(
    /\b(?:npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,64}|dckr_pat_[A-Za-z0-9_-]{20,64}|dapi[a-f0-9]{32}|dop_v1_[a-f0-9]{64}|shp[a-z]{2}_[a-fA-F0-9]{32})\b/g,
  ),
  whole(/\bpypi-[A-Za-z0-9_-]{16,512}/g),
  whole(/\bhv[sb]\.[A-Za-z0-9_-]{20,255}/g),
  whole(/\bs\.[A-Za-z0-9]{24}\b/g),
  whole(/\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}/g),
  whole(/\bATATT[A-Za-z0-9_=-]{20,255}/g),
  whole(/\bAGE-SECRET-KEY-1[A-Z0-9]{50,64}/g),
  whole(/\bey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g),
];

interface OptionOfProgram {
  /** The program and its arguments, up to the next command of a shell. */
  readonly command: RegExp;
  /** Of those arguments. */
  readonly option: RegExp;
}

const optionOf = (program: string, option: string): OptionOfProgram => ({
  command: new RegExp(String.raw`\b(?:${program})\b[^|;&\n]*`, 'g'),
  option: new RegExp(`(\\s${option})${value}`, 'g'),
});

/** One letter means something else to each program: `-p` is a port for most. */
const optionsOfPrograms: readonly OptionOfProgram[] = [
  // `-p x` would be a prompt for a password and the database x.
  optionOf('mysql[a-z]*|mariadb(?:-[a-z]+)?', String.raw`-p(?=\S)`),
  optionOf(
    '(?:docker|podman|nerdctl|buildah|skopeo|crane|oras|helm|az|oc|cf|heroku|argocd|kubectl)\\s(?:[^|;&\\n]*\\s)?login',
    String.raw`-p[= ]?`,
  ),
  optionOf(
    'mongo(?:sh|dump|restore|export|import|stat|top|files)?|cqlsh|rabbitmqadmin|rdesktop|ncftp[a-z]*|twine|useradd|usermod|7z[ar]?',
    String.raw`-p[= ]?`,
  ),
  optionOf('zip|unzip|sqlcmd|bcp|mosquitto_[a-z]+', String.raw`-P[= ]?`),
  optionOf('redis-cli', String.raw`-a\s+`),
  optionOf('ldap(?:search|modify|add|delete|whoami|compare|passwd|modrdn|exop)', String.raw`-w[= ]?`),
  optionOf('gsql', String.raw`-W[= ]?`),
  optionOf('openssl', String.raw`-[kK]\s+`),
  optionOf('snmp[a-z]+', String.raw`-[AXc]\s*`),
  optionOf('smbclient|rpcclient|smbmap|smbget|winexe', String.raw`-U\s*["']?[^\s%"']{1,128}%`),
  optionOf('curl', String.raw`(?:-E|--cert)[= ]?[^\s:"']{1,256}:`),
  optionOf('curl', String.raw`-b\s*["']?(?=[^\s=]{1,128}=)`),
  optionOf('http|https|xh', String.raw`(?:-a|--auth)[= ]?[^\s:"']{1,128}:`),
  optionOf('lftp', String.raw`-u[= ]?[^\s,"']{1,128},`),
  optionOf('xfreerdp|wlfreerdp|mstsc', String.raw`\/p:`),
];
