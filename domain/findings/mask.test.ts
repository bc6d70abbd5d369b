import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskAll, maskSecrets } from './mask.ts';

/** Put together here, so that no scanner of secrets takes this file for a leak. */
const join = (...parts: readonly string[]): string => parts.join('');
const secret = join('hunter2', 'Hunter2');
const jwt = join('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0NTYifQ', '.c2lnbmF0dXJl');

describe('a secret', () => {
  test.each<[string, string]>([
    ['after --password=', `psql --password=${secret} -h db`],
    ['after --password', `tool --password ${secret} --verbose`],
    ['in quotes', `tool --token "${secret} with spaces" -x`],
    ['in single quotes', `tool --api-key='${secret}'`],
    ['of the environment', `env DB_PASSWORD=${secret} ./run`],
    ['of the environment, with a prefix and a suffix', `MY_SERVICE_TOKEN_V2=${secret} ./run`],
    ['of JSON', `curl -d '{"client_secret": "${secret}"}' https://example.com`],
    ['of a query', `curl https://example.com/?user=x&access_token=${secret}&y=1`],
    ['of an address', `git clone https://bot:${secret}@git.example.com/x.git`],
    ['of a database', `psql postgres://app:${secret}@db:5432/app`],
    ['of a header', `curl -H "Authorization: Bearer ${secret}aaaa" https://example.com`],
    ['of another header', `curl -H 'X-Vault-Token: ${secret}' https://example.com`],
    ['of a cookie', `curl -H "Cookie: session=${secret}" https://example.com`],
    ['of basic authentication', `curl -u admin:${secret} https://example.com`],
    ['of mysql', `mysql -h db -uroot -p${secret} app`],
    ['of sshpass', `sshpass -p ${secret} ssh host`],
    ['of redis', `redis-cli -h cache -a ${secret} ping`],
    ['of PostgreSQL', `PGPASSWORD=${secret} psql`],
    ['of Azure', `az --connection-string "DefaultEndpointsProtocol=https;AccountKey=${secret}"`],
    ['of a definition for a compiler', `gcc -DPASSWORD=${secret} main.c`],
    ['in YAML', `echo password: ${secret}`],
  ])('%s is masked', (_, text) => {
    expect(maskSecrets(text)).not.toContain(secret);
    expect(maskSecrets(text)).toContain('***');
  });

  test.each<[string, string]>([
    ['an AWS key', join('AKIA', 'ABCDEFGHIJKLMNOP')],
    ['a GitHub token', join('ghp', '_', 'a'.repeat(36))],
    ['a GitLab token', join('glpat', '-', 'a'.repeat(20))],
    ['a Slack token', join('xoxb', '-', '1234567890-abcdef')],
    ['a Stripe key', join('sk', '_live_', 'a'.repeat(24))],
    ['a JWT', jwt],
    ['a private key', join('-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIE\n-----END RSA ', 'PRIVATE KEY-----')],
    ['a private key that was cut', join('-----BEGIN ', 'PRIVATE KEY-----\nMIIEvQIBADANBg')],
    ['a Vault token', join('hvs', '.', 'a'.repeat(24))],
  ])('%s is masked wherever it stands', (_, text) => {
    expect(maskSecrets(`echo ${text} > /tmp/x`)).not.toContain(text.slice(0, 24));
  });

  test.each([
    'gcc -O2 -o /app/server main.c',
    'apt-get install -y --no-install-recommends curl',
    'bash -c ls /etc/passwd',
    'kubectl get pods -n kube-system',
    'make -j4 all',
    'ssh -p 2222 host',
    'tar -xpf archive.tar',
    'npm ci --omit=dev',
    '/usr/bin/python3 -m http.server 8080',
  ])('is not found in: %s', (text) => {
    expect(maskSecrets(text)).toBe(text);
  });
});

describe('text', () => {
  test('loses what would write into a terminal', () => {
    expect(maskSecrets('a\u001b[31mb\u0000c\u202ed')).toBe('a [31mb c d');
  });

  test('is bounded, and looked at in time that grows with its length only', () => {
    for (const text of [
      'a-'.repeat(100_000),
      '--'.repeat(100_000),
      '"'.repeat(100_000),
      'mysql '.repeat(20_000),
      'x_'.repeat(50_000),
    ]) {
      expect(maskSecrets(text).length).toBeLessThanOrEqual(4096);
    }
  });

  test('that is masked once stays as it is', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 300 }), (text) => {
        const once = maskSecrets(`--password=${text}`);
        expect(maskSecrets(once)).toBe(once);
      }),
    );
  });
});

test('what is looked at closely is all that has something to mask', () => {
  const words = [
    'password|PASSWD|pwd|secret|token|api-key|apikey|access_key_id|auth|credentials|session-id',
    'signing_key|conn_str|connection-string|dsn|sas|cookie|otp|pin|jwt|webhook|x-my-key|Authorization',
    'Bearer|basic|mysql -p|mariadb|curl -u|--user|--proxy-user|sshpass -p|redis-cli -a|MYSQL_PWD',
    'REDISCLI_AUTH|AWS_SESSION_TOKEN|AKIA|ASIA|ghp_|github_pat_|glpat-|xoxb-|sk_live_|rk_test_|sk-',
    'AIza|npm_|hvs.|dop_v1_|eyJhbGciOi.eyJhbGciOi.x|AccountKey|https://|gcc -O2 -Wall|id|make',
  ];
  const word = constantFrom(...words.join('|').split('|'));
  const joint = constantFrom('=', ': ', ':', ' ', '://', '@', '"', ' -', '--');
  const value = constantFrom(
    'hunter2hunter2hunter2hunter2hunter2hunter2',
    'A'.repeat(16),
    'a'.repeat(64),
    'user:hunter2',
  );
  assert(
    property(array(oneof(word, joint, value, string({ maxLength: 4 })), { maxLength: 8 }), (parts) => {
      // Without what is replaced before anybody looks for secrets.
      const plain = parts.join('').replace(/[^\x20-\x7e]/g, '');
      expect(maskSecrets(plain)).toBe(maskAll(plain));
    }),
    { numRuns: 3000 },
  );
});
