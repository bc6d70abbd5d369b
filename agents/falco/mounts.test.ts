import { describe, expect, it } from 'vitest';
import type { ConfigMapContent } from '../agent.ts';
import { parseReference } from './artifact-names.ts';
import { configMapKey, mountedConfigMaps, mountedFiles } from './mounts.ts';

const rules: ConfigMapContent = {
  namespace: 'falco',
  name: 'rules',
  labels: {},
  annotations: {},
  data: { 'a.yaml': 'A', 'b.yaml': 'B' },
  binaryData: { 'c.yaml': 'AA==' },
};
const configMaps = new Map([[configMapKey('falco', 'rules'), rules]]);

const daemonSet = (
  volume: object,
  mount: object,
  containers: readonly object[] = [{ name: 'falco' }],
): Readonly<Record<string, unknown>> => ({
  metadata: { namespace: 'falco', name: 'falco' },
  spec: {
    template: {
      spec: {
        volumes: [{ name: 'v', ...volume }],
        containers: containers.map((container) => ({ volumeMounts: [{ name: 'v', ...mount }], ...container })),
      },
    },
  },
});

const whole = { configMap: { name: 'rules' } };
const items = { configMap: { name: 'rules', items: [{ key: 'a.yaml', path: 'sub/renamed.yaml' }] } };
const at = (mountPath: string, subPath?: string): object => ({
  mountPath,
  ...(subPath === undefined ? {} : { subPath }),
});

describe('the files of ConfigMaps', () => {
  const rows: readonly [says: string, volume: object, mount: object, files: Readonly<Record<string, string>>][] = [
    ['stand under their keys', whole, at('/r'), { '/r/a.yaml': 'A', '/r/b.yaml': 'B' }],
    ['stand there with a slash at the end of the path, too', whole, at('/r/'), { '/r/a.yaml': 'A', '/r/b.yaml': 'B' }],
    ['stand under the names that items give', items, at('/r'), { '/r/sub/renamed.yaml': 'A' }],
    ['are one file where the sub-path names one', whole, at('/etc/x.yaml', 'b.yaml'), { '/etc/x.yaml': 'B' }],
    ['are those below the sub-path', items, at('/r', 'sub'), { '/r/renamed.yaml': 'A' }],
    ['are none below another sub-path', items, at('/r', 'su'), {}],
    [
      'come out of projected volumes',
      { projected: { sources: [{ secret: {} }, whole] } },
      at('/r', 'a.yaml'),
      { '/r': 'A' },
    ],
    ['are none of a ConfigMap that is not there', { configMap: { name: 'other' } }, at('/r'), {}],
    [
      'are none of a key that is not there',
      { configMap: { name: 'rules', items: [{ key: 'x', path: 'x' }] } },
      at('/r'),
      {},
    ],
    ['are none of a volume without any', { emptyDir: {} }, at('/r'), {}],
  ];
  it.each(rows)('%s', (_, volume, mount, files) => {
    const found = mountedFiles(daemonSet(volume, mount), configMaps);
    expect(Object.fromEntries([...found].map(([path, { text }]) => [path, text]))).toEqual(files);
  });

  const containers: readonly [says: string, containers: readonly object[], isFound: boolean][] = [
    ['the container of the name falco', [{ name: 'other', volumeMounts: [] }, { name: 'falco' }], true],
    [
      'that of its image',
      [
        { name: 'x', volumeMounts: [] },
        { name: 'y', image: 'mirror.io/sec/falco:0.44.1' },
      ],
      true,
    ],
    [
      'not that of falcoctl',
      [{ name: 'x', image: 'falcosecurity/falco', volumeMounts: [] }, { image: 'f/falcoctl:1' }],
      false,
    ],
    ['the first where nothing tells', [{ name: 'x' }, { name: 'y', volumeMounts: [] }], true],
    ['none of none', [], false],
  ];
  it.each(containers)('are looked for in %s', (_, list, isFound) => {
    expect(mountedFiles(daemonSet(whole, at('/r'), list), configMaps).size > 0).toBe(isFound);
  });

  it('tell which ConfigMaps are mounted, in whatever container', () => {
    expect(mountedConfigMaps(daemonSet(whole, {}, []), configMaps)).toEqual([rules]);
    expect(mountedConfigMaps({}, configMaps)).toEqual([]);
  });
});

describe('a reference to an artifact', () => {
  const rows: readonly [reference: string, name: string, tag: string | undefined][] = [
    ['falco-rules:5', 'falco-rules', '5'],
    ['falco-rules', 'falco-rules', undefined],
    ['ghcr.io/falcosecurity/rules/falco-rules:5.1.0', 'falco-rules', '5.1.0'],
    ['registry:5000/mine/acme-rules', 'acme-rules', undefined],
    ['registry:5000/mine/acme-rules:1@sha256:abc', 'acme-rules', '1'],
    ['', '', undefined],
  ];
  it.each(rows)('%s is %s of the tag %s', (reference, name, tag) => {
    expect(parseReference(reference)).toEqual({ name, tag });
  });
});
