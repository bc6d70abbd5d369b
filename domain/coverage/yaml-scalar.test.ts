import { expect, test } from 'vitest';
import { yamlScalarAt } from './yaml-scalar.ts';

const path = 'runtime_security_config.enabled';

test.each([
  ['in block style', 'runtime_security_config:\n  enabled: true\n', 'true'],
  ['after other sections', 'network_config:\n  enabled: false\nruntime_security_config:\n  enabled: true\n', 'true'],
  ['not of a nested section', 'runtime_security_config:\n  network:\n    enabled: true\n', undefined],
  ['after a nested section', 'runtime_security_config:\n  network:\n    enabled: true\n  enabled: false\n', 'false'],
  ['not of the same key elsewhere', 'other:\n  runtime_security_config:\n    enabled: true\n', undefined],
  ['without a comment behind it', 'runtime_security_config:\n  enabled: true # since May\n', 'true'],
  ['not commented out', 'runtime_security_config:\n  # enabled: true\n', undefined],
  ['in double quotes', 'runtime_security_config:\n  enabled: "true"\n', 'true'],
  ['in single quotes, under a quoted key', "'runtime_security_config':\n  \"enabled\": 'true'\n", 'true'],
  ['with Windows line ends', 'runtime_security_config:\r\n  enabled: true\r\n', 'true'],
  ['not of an item of a list', 'runtime_security_config:\n  - name: x\n    enabled: true\n', undefined],
  ['after a list', 'runtime_security_config:\n  rules:\n  - name: x\n    enabled: true\n  enabled: false\n', 'false'],
  ['not out of a block of text', 'runtime_security_config: |\n  enabled: true\n', undefined],
  [
    'after a block of text with an empty line',
    'note: |\n  a: b\n\n  c: d\nruntime_security_config:\n  enabled: true\n',
    'true',
  ],
  ['not where it is empty', 'runtime_security_config:\n  enabled:\n', undefined],
  ['not where there is nothing', '', undefined],
])('the scalar is read %s', (_, text, expected) => {
  expect(yamlScalarAt(text, path)).toBe(expected);
});
