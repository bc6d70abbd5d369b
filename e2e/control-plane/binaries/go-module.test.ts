import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { libraryVersion, parseKubernetesVersion, versions } from '../versions.ts';
import { goBuildArguments, kubernetesGoModule } from './go-module.ts';

const upstream = `module k8s.io/kubernetes

go 1.24.0

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/kubectl => ./staging/src/k8s.io/kubectl
	example.com/other => ./fork
)
`;

describe('the go.mod of another Kubernetes version', () => {
  test('takes each staging module at its published version and leaves other replacements out', () => {
    expect(kubernetesGoModule('1.33.6', upstream)).toBe(
      [
        'module controlplane',
        '',
        'go 1.24.0',
        '',
        'require k8s.io/kubernetes v1.33.6',
        '',
        'replace (',
        '\tk8s.io/api => k8s.io/api v0.33.6',
        '\tk8s.io/kubectl => k8s.io/kubectl v0.33.6',
        ')',
        '',
      ].join('\n'),
    );
  });

  test('is refused where the form of the upstream file has changed', () => {
    expect(() => kubernetesGoModule('1.40.0', 'module k8s.io/kubernetes\n')).toThrow('k8s.io/kubernetes v1.40.0');
  });

  test('stamps the version into the build, or clients complain', () => {
    expect(goBuildArguments('1.36.3', '/out').join(' ')).toContain('version.gitVersion=v1.36.3');
  });

  test.each([versions.kubernetes, versions.oldestKubernetes])('is committed for %s, with its checksums', (version) => {
    const folder = path.join(import.meta.dirname, 'kubernetes');
    const module = readFileSync(path.join(folder, `go-${version}.mod`), 'utf8');
    expect(module).toContain(`k8s.io/kubernetes v${version}`);
    expect(module).toContain(`k8s.io/api ${libraryVersion(version)}`);
    expect(readFileSync(path.join(folder, `go-${version}.sum`), 'utf8')).toContain(`k8s.io/kubernetes v${version} h1:`);
  });
});

describe('a Kubernetes version', () => {
  test.each([
    ['1.36.3', '1.36.3'],
    ['v1.32.2', '1.32.2'],
    [' v1.33.6\n', '1.33.6'],
  ])('%j is read as %s', (text, version) => {
    expect(parseKubernetesVersion(text)).toBe(version);
  });

  test.each(['1.36', 'latest', '2.0.0', '', '1.36.3; rm -rf'])('%j is refused', (text) => {
    expect(() => parseKubernetesVersion(text)).toThrow('is no Kubernetes release');
  });
});
