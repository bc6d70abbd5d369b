// Secrets in command lines and messages, masked before anything is stored. What is masked is gone: better one argument too many than
// one password in etcd. Patterns are linear in the text: none has two repetitions that can match the same characters.

/** Stands for what was there. */
export const masked = '***';

/** Longer text is cut before it is looked at. */
const longest = 4096;

export const maskSecrets = (text: string): string => {
  const shown = clean(text);
  return suspect.test(shown) ? maskAll(shown) : shown;
};

/** As `maskSecrets`, without asking first whether there is anything to mask. */
export const maskAll = (text: string): string =>
  replacements.reduce((result, { pattern, by }) => result.replace(pattern, by), text);

/** Something of what each pattern below wants: most texts have none of it, and thirty patterns take long to find that out. */
const suspect =
  /pass|pwd|secret|token|key|auth|cred|session|conn|dsn|sas|cookie|otp|pin|jwt|bearer|basic|webhook|:\/\/|-u|-user|mysql|maria|redis|AKIA|ASIA|AGPA|AROA|gh[pousr]_|github_pat|glpat|xox|[srp]k[-_]|AIza|npm_|hvs|dop_v1|\bey/i;

/** Control characters would let a command line write into terminals and logs. */
const clean = (text: string): string =>
  text.slice(0, longest).replace(/[[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]--[\t\n]]/gv, ' ');

/** Words by which people name what nobody may see. */
const names =
  'pass(?:word|wd|phrase|code)?|pwd|secret|token|api[-_]?key|apikey|access[-_]?key(?:[-_]?id)?|secret[-_]?key|private[-_]?key|client[-_]?secret|auth(?:orization)?|credentials?|session[-_]?(?:id|key|token)|encryption[-_]?key|signing[-_]?key|connection[-_]?string|conn[-_]?str|dsn|sas|cookie|otp|pin|jwt|bearer|webhook';

const value = String.raw`(?:"[^"]*"|'[^']*'|[^\s"'&;,|]+)`;

const replacements: readonly { readonly pattern: RegExp; readonly by: string }[] = [
  // PEM blocks, whole or cut.
  { pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g, by: masked },
  // https://user:password@host
  { pattern: /([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@:'"]{0,256}:[^\s/@'"]{1,256}@/gi, by: `$1${masked}@` },
  // Authorization: Bearer x, Cookie: x, X-Api-Key: x; up to the end of the quotation.
  {
    pattern:
      /\b((?:proxy-)?authorization|cookie|set-cookie|x-[a-z-]{0,40}(?:key|token|secret|auth)|private-token|api-key)(\s*:\s*)[^'"\n]+/gi,
    by: `$1$2${masked}`,
  },
  { pattern: /\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, by: `$1 ${masked}` },
  // --password=x, PASSWORD=x, "password": "x", db_password: x
  {
    pattern: new RegExp(
      String.raw`((?:\b|[-_])(?:[a-z0-9]+[-_.])*?(?:${names})(?:[-_][a-z0-9]+)?["']?\s*[=:]\s*)${value}`,
      'gi',
    ),
    by: `$1${masked}`,
  },
  // -DPASSWORD=x, dbpassword=x: words that mean nothing else, wherever they stand.
  {
    pattern: new RegExp(
      String.raw`((?:password|passwd|passphrase|secret|token|apikey)s?["']?\s*[=:]\s*)${value}`,
      'gi',
    ),
    by: `$1${masked}`,
  },
  // --password x, -token x
  {
    pattern: new RegExp(String.raw`((?:^|\s)--?(?:[a-z0-9]+[-_])*?(?:${names})\s+)(?!-)${value}`, 'gi'),
    by: `$1${masked}`,
  },
  // mysql -psecret, curl -u user:secret, sshpass -p secret
  { pattern: /\b((?:mysql|mysqldump|mysqladmin|mariadb)\b[^|;&\n]{0,512}?\s-p)[^\s'"-][^\s'"]*/g, by: `$1${masked}` },
  { pattern: /((?:^|\s)(?:-u|--user|--proxy-user)[ =]["']?[^\s:"']{1,256}:)[^\s"']+/g, by: `$1${masked}` },
  { pattern: /\b(sshpass\s+-p\s*)(?:"[^"]*"|'[^']*'|\S+)/g, by: `$1${masked}` },
  { pattern: /\b(redis-cli\b[^|;&\n]{0,512}?\s-a\s+)\S+/g, by: `$1${masked}` },
  { pattern: /\b(PGPASSWORD|MYSQL_PWD|REDISCLI_AUTH|AWS_SESSION_TOKEN)=\S+/g, by: `$1=${masked}` },
  // What says itself what it is.
  { pattern: /\b(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}\b/g, by: masked },
  { pattern: /\bgh[pousr]_[A-Za-z0-9]{20,255}\b/g, by: masked },
  { pattern: /\bgithub_pat_[A-Za-z0-9_]{20,255}\b/g, by: masked },
  { pattern: /\bglpat-[A-Za-z0-9_-]{16,64}/g, by: masked },
  { pattern: /\bxox[abeoprs]-[A-Za-z0-9-]{10,255}/g, by: masked },
  { pattern: /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,255}\b/g, by: masked },
  { pattern: /\bsk-[A-Za-z0-9_-]{20,255}/g, by: masked },
  { pattern: /\bAIza[A-Za-z0-9_-]{35}\b/g, by: masked },
  { pattern: /\bnpm_[A-Za-z0-9]{36}\b/g, by: masked },
  { pattern: /\bhvs\.[A-Za-z0-9_-]{20,255}/g, by: masked },
  { pattern: /\bdop_v1_[a-f0-9]{64}\b/g, by: masked },
  { pattern: /\bey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g, by: masked },
  { pattern: /\bAccountKey=[A-Za-z0-9+/=]{20,}/g, by: `AccountKey=${masked}` },
];
