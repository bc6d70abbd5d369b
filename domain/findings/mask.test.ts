import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskSecrets } from './mask.ts';
import { maskAll } from './secret-patterns.ts';

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
    ['attached to curl’s -u', `curl -uadmin:${secret} https://example.com`],
    ['of a proxy', `curl -U proxy:${secret} https://example.com`],
    ['of a client certificate', `curl --cert cert.pem:${secret} https://example.com`],
    ['of a cookie without a header', `curl -b session=${secret} https://example.com`],
    ['of mysql, in quotes', `mysql -u root -p'${secret}' app`],
    ['of a login to a registry', `docker login -u me -p ${secret} registry.example.com`],
    ['of a login to a cloud', `az login --service-principal -u app -p ${secret} --tenant t`],
    ['of MongoDB', `mongosh -u admin -p ${secret} --authenticationDatabase admin`],
    ['of Cassandra', `cqlsh -u cassandra -p ${secret}`],
    ['of a message broker', `mosquitto_pub -u me -P ${secret} -t topic`],
    ['of an archive', `zip -P ${secret} a.zip b`],
    ['of another archive', `7z x -p${secret} a.7z`],
    ['of LDAP', `ldapsearch -D cn=admin -w ${secret} -b dc=example`],
    ['of Samba', `smbclient //host/share -U user%${secret}`],
    ['of SNMP, the second of two', `snmpwalk -v3 -A first -X ${secret} host`],
    ['of OpenSSL', `openssl enc -aes-256-cbc -k ${secret} -in x`],
    ['of the AUTH of Redis', `redis-cli AUTH ${secret}`],
    ['of Oracle', `sqlplus scott/${secret}@db`],
    ['of an object store', `mc alias set minio http://minio:9000 admin ${secret}`],
    ['of Vault', `vault login ${secret}`],
    ['of a message queue', `rabbitmqctl add_user me ${secret}`],
    ['of a new account', `useradd -p ${secret} app`],
    ['of a file of passwords', `htpasswd -bc file user ${secret}`],
    ['for chpasswd', `sh -c "echo root:${secret} | chpasswd"`],
    ['for a login that reads it', `sh -c "echo ${secret} | docker login --password-stdin"`],
    ['of kubectl create secret', `kubectl create secret generic x --from-literal=any=${secret}`],
    ['after a name that stands alone', `aws configure set aws_secret_access_key ${secret}`],
    ['after a name in capitals and small letters', `app --dbPassword ${secret}`],
    ['after a name with dots', `app --db.password ${secret}`],
    ['after a name written together', `keytool -storepass ${secret}`],
    ['at the beginning of what a message quotes', `launched (command=--password ${secret} user=root)`],
    ['of a list of arguments', `["app", "--password", "${secret}"]`],
    ['that begins with a hyphen', `app --password -${secret}`],
    ['that goes on after a comma', `app --password=first,${secret}`],
    ['that goes on after an ampersand', `app --password=first&${secret}`],
    ['that goes on after a quotation', `app --password="first"${secret}`],
    ['with a space behind a backslash', `app --password=first\\ ${secret}`],
    ['in quotes that a shell’s quotes hid', `sh -c "PASSWORD=\\"${secret}\\" ./run"`],
    ['of JSON within quotes', `curl -d "{\\"password\\":\\"${secret}\\"}" https://example.com`],
    ['in quotes that were cut', `app --password="first ${secret}`],
    ['of a substitution', `PASSWORD=$(echo ${secret}) ./run`],
    ['of an address, with an @ in it', `psql postgres://app:p@${secret}@db:5432/app`],
    ['of an address, as its user', `curl https://${secret}@sentry.example.com/1`],
    ['of a signed address', `curl "https://x.example.com/c?sv=2022&sig=${secret}"`],
    ['of another signed address', `curl "https://x.example.com/o?X-Amz-Signature=${secret}"`],
    ['of a chat’s address', `curl https://hooks.slack.com/services/T0/B0/${secret}`],
    ['of another chat’s address', `curl https://discord.com/api/webhooks/1/${secret}`],
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
    ['an older Vault token', join('s', '.', 'a'.repeat(24))],
    ['a Docker token', join('dckr', '_pat_', 'a'.repeat(24))],
    ['a PyPI token', join('pypi', '-', 'a'.repeat(24))],
    ['a SendGrid key', join('SG', '.', 'a'.repeat(22), '.', 'a'.repeat(43))],
    ['a PGP key', join('-----BEGIN PGP ', 'PRIVATE KEY BLOCK-----\nlQVYBGMHcCAQEE')],
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
    'docker run -u 1000:1000 -p 8080:80 nginx',
    'curl -u http://example.com',
    'curl -X PUT http://169.254.169.254/latest/api/token',
    'git clone ssh://git@git.example.com/org/repo.git',
    'PWD=/app make secret-service',
    'kubectl create token default',
    'kubectl get secret db -o yaml',
    'gcc -c token.c -o token.o',
    'pip install tokenizers==0.1 passlib PyJWT',
    'mysql -h db -P 3306 -u root app',
    'useradd -m -u 1000 app',
    'unzip -p archive.zip',
    'psql -h db -p 5432 -U app',
    'nmap -sS -p 1-65535 10.0.0.0/24',
    'basic configuration of a server',
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
    'docker login -p|az login -p|mongosh -p|cqlsh -p|mosquitto_pub -P|zip -P|unzip -P|7z -p|ldapsearch -w',
    'smbclient -U u%|rpcclient -U u%|snmpget -A|openssl -k|redis-cli AUTH|sqlplus scott/|vault login|useradd -p',
    'mc alias set a b c|wpa_passphrase x|net use x /user:u|htpasswd -b|rabbitmqctl add_user u|lftp -u u,|mysqlsh u:',
    'xfreerdp /p:|rdesktop -p|ncftpget -p|twine -p|sqlcmd -P|bcp -P|gsql -W|http -a u:|xh -a u:|curl -b x=|curl -E x:',
    'pypi-|dckr_pat_|hf_|shpat_|dapi|AGE-SECRET-KEY-1|SG.|ATATT|glrt-|xapp-|GOCSPX-|ya29.|s.|winexe -U u%|usermod -p',
    '?key=|&sig=|X-Amz-Signature=|hooks.slack.com/services/|/api/webhooks/1/|/bot123456789:|--from-literal=x=|echo x |',
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
