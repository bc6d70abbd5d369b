/** What the chart renders. That it installs and runs is the end-to-end suites' to show. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { adapters } from '../agents/adapters.ts';
import { protectionAgentSchema } from '../crds/schema/protection-agent.ts';
import { workloadPolicySchema } from '../crds/schema/workload-policy.ts';
import { chart, findHelm, releaseNamespace, set, type Rendered } from './testing/helm.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Pod {
  readonly serviceAccountName: string;
  readonly hostNetwork?: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly unknown[];
  readonly containers: readonly {
    readonly name: string;
    readonly command: readonly string[];
    readonly args: readonly string[];
    readonly image: string;
    readonly resources: { readonly limits: Readonly<Record<string, string>> };
    readonly securityContext: Readonly<Record<string, unknown>>;
  }[];
}

interface Webhook {
  readonly name: string;
  readonly clientConfig: Readonly<Record<string, unknown>>;
  readonly failurePolicy: string;
  readonly sideEffects: string;
  readonly matchPolicy: string;
  readonly timeoutSeconds: number;
  readonly rules: readonly { readonly operations: readonly string[]; readonly resources: readonly string[] }[];
  readonly namespaceSelector?: { readonly matchExpressions: readonly { readonly values: readonly string[] }[] };
}

const found = await findHelm();
/** The suite is skipped without it, and says so in the report. */
const helm = found!;

const everything = set({
  agentNamespaces: ['datadog', 'falco'],
  'networkPolicy.enabled': true,
  'networkPolicy.metricsFrom': [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }],
  'networkPolicy.apiFrom': [{ namespaceSelector: {} }],
  'commonLabels.team': 'platform',
  'commonAnnotations.owner': 'platform',
  'operator.priorityClassName': 'high',
  'canary.enabled': true,
  'canary.priorityClassName': 'low',
  'operator.extraArgs': ['--log-level=debug'],
  'webhook.hostNetwork': true,
  'webhook.matchConditions': [{ name: 'mine', expression: 'true' }],
  'webhook.failClosed': { enabled: true, fallbackAfter: '2m' },
  'webhook.admissionPolicies.enabled': true,
  'operator.kubeletMetrics': { enabled: true, caConfigMap: 'kubelet-ca', insecureSkipVerify: true },
});
const certManager = set({
  'webhook.certificate.source': 'CertManager',
  'webhook.certificate.issuerRef': { kind: 'ClusterIssuer', name: 'internal' },
});
const givenSecret = set({ 'webhook.certificate.source': 'Secret', 'webhook.certificate.secretName': 'mine' });
const authority = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';

const identity = ({ kind, metadata: { namespace, name } }: Rendered): string =>
  [kind, namespace, name].filter((part) => part !== undefined).join('/');
const ofKind = (objects: readonly Rendered[], ...kinds: readonly string[]): readonly Rendered[] =>
  objects.filter(({ kind }) => kinds.includes(kind));
const podOf = (object: Rendered): Pod => (object['spec'] as { template: { spec: Pod } }).template.spec;
/** Rules on paths have neither groups nor resources. */
const rulesOf = (object: Rendered): readonly Rule[] =>
  (object['rules'] as readonly Partial<Rule>[]).map((rule) => ({ apiGroups: [], resources: [], verbs: [], ...rule }));
const webhooksOf = (objects: readonly Rendered[]): readonly Webhook[] =>
  ofKind(objects, 'ValidatingWebhookConfiguration')[0]!['webhooks'] as readonly Webhook[];

describe.skipIf(found === undefined)('the chart', () => {
  it.each([
    ['its defaults', []],
    ['every option switched on', everything],
  ])('passes a strict lint with %s', async (_, settings) => {
    await expect(helm.lint(...settings)).resolves.toContain('0 chart(s) failed');
  });

  it.each([
    ['its defaults', []],
    ['every option switched on', everything],
    ['cert-manager', certManager],
  ])('renders the same twice with %s, and leaves caBundle to the webhook', async (_, settings) => {
    const [first, second] = [await helm.template(...settings), await helm.template(...settings)];
    expect(second).toBe(first);
    expect(first).not.toContain('caBundle:');
  });

  it('renders these objects by default', async () => {
    const objects = await helm.objects();
    expect(objects.map(identity).toSorted()).toEqual([
      'ClusterRole/workload-protection-edit',
      'ClusterRole/workload-protection-forwarder',
      'ClusterRole/workload-protection-operator',
      'ClusterRole/workload-protection-sender',
      'ClusterRole/workload-protection-view',
      'ClusterRole/workload-protection-webhook',
      'ClusterRoleBinding/workload-protection-operator',
      'ClusterRoleBinding/workload-protection-webhook',
      'Deployment/watchers/workload-protection-webhook',
      'MutatingWebhookConfiguration/workload-protection',
      'PodDisruptionBudget/watchers/workload-protection-operator',
      'PodDisruptionBudget/watchers/workload-protection-webhook',
      'ProtectionAgent/datadog',
      'ProtectionAgent/falco',
      'ProtectionAgent/kubearmor',
      'ProtectionAgent/kubescape',
      'ProtectionAgent/sysdig',
      'ProtectionAgent/sysdig-shield',
      'ProtectionAgent/tetragon',
      'ProtectionAgent/tracee',
      'Role/watchers/workload-protection-operator',
      'Role/watchers/workload-protection-operator-ingest',
      'Role/watchers/workload-protection-webhook',
      'RoleBinding/watchers/workload-protection-operator',
      'RoleBinding/watchers/workload-protection-operator-ingest',
      'RoleBinding/watchers/workload-protection-webhook',
      'Service/watchers/workload-protection-operator',
      'Service/watchers/workload-protection-operator-replicas',
      'Service/watchers/workload-protection-webhook',
      'ServiceAccount/watchers/workload-protection-operator',
      'ServiceAccount/watchers/workload-protection-webhook',
      'StatefulSet/watchers/workload-protection-operator',
      'ValidatingAdmissionPolicy/workload-protection-finding-metadata',
      'ValidatingAdmissionPolicy/workload-protection-finding-notes',
      'ValidatingAdmissionPolicyBinding/workload-protection-finding-metadata',
      'ValidatingAdmissionPolicyBinding/workload-protection-finding-notes',
      'ValidatingWebhookConfiguration/workload-protection',
      'WorkloadPolicy/baseline',
    ]);
  });

  it('labels and annotates every object as it is told', async () => {
    for (const { metadata } of await helm.objects(...everything)) {
      expect(metadata.labels).toMatchObject({ team: 'platform', 'app.kubernetes.io/managed-by': 'Helm' });
      expect(metadata.annotations).toMatchObject({ owner: 'platform' });
    }
  });

  it('tells the operator by which keys teams are named', async () => {
    const keys = async (...settings: readonly string[]): Promise<unknown> =>
      JSON.stringify(await helm.objects(...settings)).match(/--team-keys=[^"]*/)?.[0];
    expect(await keys()).toBe('--team-keys=team,app.kubernetes.io/team,owner');
    expect(await keys(...set({ 'operator.teamKeys': ['example.com/team', 'squad'] }))).toBe(
      '--team-keys=example.com/team,squad',
    );
    await expect(helm.template(...set({ 'operator.teamKeys': ['a,b'] }))).rejects.toThrow('teamKeys');
  });

  it('installs the five kinds and nothing else as CRDs', async () => {
    const installed = await helm.objects('--include-crds');
    expect(ofKind(installed, 'CustomResourceDefinition')).toHaveLength(5);
    expect(ofKind(installed, 'Kustomization')).toEqual([]);
  });

  describe('pods', () => {
    it.each([
      ['its defaults', []],
      ['every option switched on', everything],
    ])('run as nobody, on a file system that cannot be written, with %s', async (_, settings) => {
      const pods = ofKind(await helm.objects(...settings), 'StatefulSet', 'Deployment').map(podOf);
      expect(pods).toHaveLength(2);
      for (const { securityContext, containers } of pods) {
        expect(securityContext).toMatchObject({
          runAsNonRoot: true,
          runAsUser: 65_532,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const container of containers) {
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(container.resources.limits).toHaveProperty('memory');
        }
      }
    });

    it('start a program of package.json each, under a ServiceAccount of its own', async () => {
      const manifest = await readFile(path.join(import.meta.dirname, '..', 'package.json'), 'utf8');
      const { bin } = JSON.parse(manifest) as { readonly bin: Readonly<Record<string, string>> };
      const pods = ofKind(await helm.objects(), 'StatefulSet', 'Deployment').map(podOf);
      for (const { serviceAccountName, containers } of pods) {
        expect(containers).toHaveLength(1);
        expect(containers[0]!.command).toEqual([serviceAccountName]);
        expect(Object.keys(bin)).toContain(serviceAccountName);
        expect(containers[0]!.args).toContain(`--namespace=${releaseNamespace}`);
      }
    });

    it('keep the journal on a volume of their own, or in an emptyDir if told so', async () => {
      const settings = set({ 'operator.journal.persistence.enabled': false });
      const [kept, lost] = [await helm.objects(), await helm.objects(...settings)].map(
        (objects) => ofKind(objects, 'StatefulSet')[0]!,
      );
      expect(kept!['spec']).toHaveProperty('volumeClaimTemplates');
      expect(podOf(kept!).volumes).toBeUndefined();
      expect(lost!['spec']).not.toHaveProperty('volumeClaimTemplates');
      expect(podOf(lost!).volumes).toEqual([{ name: 'journal', emptyDir: { sizeLimit: '1Gi' } }]);
    });

    it.each([
      ['a tag of its own', { 'image.tag': '1.2.3' }, 'workload-protection-operator:1.2.3'],
      [
        'a registry',
        { 'image.registry': 'mirror.example.com:5000/x' },
        'mirror.example.com:5000/x/workload-protection-operator:0.1.0',
      ],
      [
        'a digest',
        { 'image.digest': `sha256:${'0'.repeat(64)}` },
        `workload-protection-operator@sha256:${'0'.repeat(64)}`,
      ],
    ])('take the image by %s', async (_, values, image) => {
      const pods = ofKind(await helm.objects(...set(values)), 'StatefulSet', 'Deployment').map(podOf);
      expect(pods.map(({ containers }) => containers[0]!.image)).toEqual([image, image]);
    });

    it('listen on IPv6 in brackets', async () => {
      const pods = ofKind(await helm.objects(...set({ bindAddress: '::' })), 'Deployment').map(podOf);
      expect(pods[0]!.containers[0]!.args).toContain('--address=[::]:9443');
    });
  });

  describe('rights', () => {
    it('have no wildcard and no escalation', async () => {
      for (const role of ofKind(await helm.objects(...everything), 'ClusterRole', 'Role')) {
        for (const { apiGroups, resources, verbs } of rulesOf(role)) {
          const words = [...apiGroups, ...resources, ...verbs];
          expect(words.filter((word) => word.includes('*'))).toEqual([]);
          expect(words).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(escalate|bind|impersonate)$/)]));
        }
      }
    });

    it('reach no Secret, no ConfigMap and no shell in the whole cluster', async () => {
      const resources = ofKind(await helm.objects(...everything), 'ClusterRole').flatMap((role) =>
        rulesOf(role).flatMap((rule) => rule.resources),
      );
      for (const forbidden of [
        'secrets',
        'configmaps',
        'pods/exec',
        'pods/log',
        'nodes/proxy',
        'serviceaccounts/token',
      ]) {
        expect(resources).not.toContain(forbidden);
      }
    });

    it('write outside the own namespace only to our own kinds, to Events and to our webhook configurations', async () => {
      const written = ofKind(await helm.objects(...everything), 'ClusterRole').flatMap((role) =>
        rulesOf(role)
          .filter(({ verbs }) => verbs.some((verb) => !['get', 'list', 'watch'].includes(verb)))
          .flatMap(({ apiGroups, resources, resourceNames }) =>
            resources.map((resource) => [resource, apiGroups[0], ...(resourceNames ?? [])].join(' ')),
          ),
      );
      expect([...new Set(written)].toSorted()).toEqual([
        'coveragereports workloadprotection.dev',
        'coveragereports/status workloadprotection.dev',
        'coverageslices workloadprotection.dev',
        'events events.k8s.io',
        'findings workloadprotection.dev',
        'findings/status workloadprotection.dev',
        'mutatingwebhookconfigurations admissionregistration.k8s.io workload-protection',
        'protectionagents/status workloadprotection.dev',
        // Questions, which write nothing: whose token a sender shows, and what it may do.
        'subjectaccessreviews authorization.k8s.io',
        'tokenreviews authentication.k8s.io',
        // Where they are generated: nobody knows their names beforehand.
        'validatingadmissionpolicies admissionregistration.k8s.io',
        'validatingadmissionpolicybindings admissionregistration.k8s.io',
        // To create the fail-closed configuration, where that is asked for.
        'validatingwebhookconfigurations admissionregistration.k8s.io',
        'validatingwebhookconfigurations admissionregistration.k8s.io workload-protection',
        'validatingwebhookconfigurations admissionregistration.k8s.io workload-protection-fail-closed',
        'workloadpolicies/status workloadprotection.dev',
      ]);
    });

    it('let each process read the Secrets that it is for, in its own namespace, and write its certificate', async () => {
      const roles = ofKind(await helm.objects(...everything), 'Role');
      const touching = roles.flatMap((role) =>
        rulesOf(role)
          .filter(({ resources }) => resources.includes('secrets'))
          .map((rule) => ({ role: identity(role), names: rule.resourceNames, verbs: rule.verbs })),
      );
      const webhook = `Role/${releaseNamespace}/workload-protection-webhook`;
      const operator = `Role/${releaseNamespace}/workload-protection-operator-ingest`;
      const [certificate, senders] = ['workload-protection-ingest-tls', 'workload-protection-ingest-senders'];
      expect(touching).toEqual([
        { role: operator, names: [certificate, senders], verbs: ['get', 'list', 'watch'] },
        { role: operator, names: [certificate], verbs: ['update'] },
        { role: operator, names: undefined, verbs: ['create'] },
        { role: webhook, names: ['workload-protection-webhook-tls'], verbs: ['get', 'list', 'watch', 'update'] },
        { role: webhook, names: undefined, verbs: ['create'] },
      ]);
    });

    it('let senders of events post, forwarders speak of every node, and give both to those who are named', async () => {
      const objects = await helm.objects(
        ...set({
          'operator.ingest.senders': [{ namespace: 'falco', name: 'falco' }],
          'operator.ingest.forwarders': [{ namespace: 'vector', name: 'vector' }],
        }),
      );
      const rules = (name: string) =>
        objects.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name)?.['rules'];
      expect(rules('workload-protection-sender')).toEqual([{ nonResourceURLs: ['/ingest/v1/*'], verbs: ['post'] }]);
      expect(rules('workload-protection-forwarder')).toEqual([
        { nonResourceURLs: ['/ingest/v1/*'], verbs: ['post', 'forward'] },
      ]);
      const bound = ofKind(objects, 'ClusterRoleBinding').map(({ metadata, ...rest }) => [
        metadata.name,
        rest['subjects'],
      ]);
      expect(bound).toContainEqual([
        'workload-protection-sender',
        [{ kind: 'ServiceAccount', name: 'falco', namespace: 'falco' }],
      ]);
      expect(bound).toContainEqual([
        'workload-protection-forwarder',
        [{ kind: 'ServiceAccount', name: 'vector', namespace: 'vector' }],
      ]);
    });

    it('have the ingest certificate made by cert-manager where that is asked for, for both ends of a hand-over', async () => {
      const objects = await helm.objects(
        ...set({
          'operator.ingest.certificate.source': 'CertManager',
          'operator.ingest.certificate.issuerRef': { kind: 'ClusterIssuer', name: 'internal' },
        }),
      );
      expect(ofKind(objects, 'Certificate')[0]?.['spec']).toMatchObject({
        secretName: 'workload-protection-ingest-tls',
        usages: ['digital signature', 'server auth', 'client auth'],
      });
      expect(podOf(ofKind(objects, 'StatefulSet')[0]!).containers[0]!.args).toContain(
        '--ingest-certificate-source=Secret',
      );
    });

    it('let the operator read those Secrets of its own namespace that are named, and no others', async () => {
      const objects = await helm.objects(...set({ telemetrySecrets: ['tetragon-client', 'falco-token'] }));
      const role = objects.find((each) => identity(each) === `Role/${releaseNamespace}/workload-protection-operator`);
      expect(rulesOf(role!).filter(({ resources }) => resources.includes('secrets'))).toEqual([
        { apiGroups: [''], resources: ['secrets'], resourceNames: ['falco-token', 'tetragon-client'], verbs: ['get'] },
      ]);
    });

    it('let the operator read every kind that declares policies of an agent, and only read it', async () => {
      const roles = ofKind(await helm.objects(), 'ClusterRole');
      const rules = rulesOf(roles.find(({ metadata }) => metadata.name === 'workload-protection-operator')!);
      for (const { group, plural } of [...adapters.values()].flatMap(({ declaringKinds }) => declaringKinds)) {
        const rule = rules.find(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(plural));
        expect(rule?.verbs, `${plural}.${group}`).toEqual(['list', 'watch']);
      }
    });

    it('let the operator read ConfigMaps in the named namespaces and its own only', async () => {
      const reading = async (...settings: readonly string[]): Promise<readonly (string | undefined)[]> =>
        ofKind(await helm.objects(...settings), 'Role')
          .filter((role) =>
            rulesOf(role).some(({ resources, verbs }) => resources.includes('configmaps') && verbs.includes('list')),
          )
          .map(({ metadata }) => metadata.namespace);
      expect(await reading()).toEqual([releaseNamespace]);
      expect(await reading(...set({ agentNamespaces: ['falco', 'datadog'] }))).toEqual([
        releaseNamespace,
        'datadog',
        'falco',
      ]);
    });

    it('bind every role to a ServiceAccount that is there', async () => {
      const objects = await helm.objects(...everything);
      const accounts = ofKind(objects, 'ServiceAccount').map(identity);
      const roles = ofKind(objects, 'ClusterRole', 'Role').map(identity);
      for (const binding of ofKind(objects, 'ClusterRoleBinding', 'RoleBinding')) {
        const { kind, name } = binding['roleRef'] as { readonly kind: string; readonly name: string };
        expect(roles).toContain(
          [kind, binding.metadata.namespace, name].filter((part) => part !== undefined).join('/'),
        );
        for (const subject of binding['subjects'] as readonly { readonly name: string; readonly namespace: string }[]) {
          expect(accounts).toContain(`ServiceAccount/${subject.namespace}/${subject.name}`);
        }
      }
    });
  });

  describe('the webhook configuration', () => {
    it('never fails closed, has no side effects and waits a few seconds', async () => {
      const webhooks = webhooksOf(await helm.objects());
      expect(
        webhooks.map(({ name, clientConfig }) => [name, (clientConfig['service'] as { path: string }).path]),
      ).toEqual([
        ['pods.workloadprotection.dev', '/validate/pods'],
        ['controllers.workloadprotection.dev', '/validate/controllers'],
        ['agents.workloadprotection.dev', '/validate/agents'],
        ['policies.workloadprotection.dev', '/validate/workload-policies'],
      ]);
      for (const webhook of webhooks) {
        expect(webhook).toMatchObject({
          failurePolicy: 'Ignore',
          sideEffects: 'None',
          matchPolicy: 'Equivalent',
          timeoutSeconds: webhook.name.startsWith('agents.') ? 2 : 5,
        });
      }
    });

    it('judges bindings, and reads pods for it, only where that is asked for', async () => {
      const objects = await helm.objects(...set({ 'webhook.bindings': { enabled: true } }));
      expect(webhooksOf(objects).find(({ name }) => name.startsWith('bindings.'))).toMatchObject({
        rules: [{ operations: ['CREATE'], resources: ['pods/binding'] }],
        failurePolicy: 'Ignore',
        timeoutSeconds: 2,
      });
      const readsPods = (of: readonly Rendered[]): boolean =>
        ofKind(of, 'ClusterRole').some(
          (role) =>
            role.metadata.name === 'workload-protection-webhook' &&
            (role['rules'] as readonly { readonly resources: readonly string[] }[]).some(({ resources }) =>
              resources.includes('pods'),
            ),
        );
      expect([readsPods(await helm.objects()), readsPods(objects)]).toEqual([false, true]);
    });

    it('sees every DaemonSet, also of the namespaces in which no pod is judged', async () => {
      const agents = webhooksOf(await helm.objects()).find(({ name }) => name.startsWith('agents.'));
      expect(agents?.namespaceSelector).toBeUndefined();
      expect(agents?.rules).toMatchObject([{ operations: ['UPDATE', 'DELETE'], resources: ['daemonsets'] }]);
    });

    it('never sees the update of a pod', async () => {
      const operations = webhooksOf(await helm.objects())
        .flatMap(({ rules }) => rules)
        .filter(({ resources }) => resources.includes('pods'))
        .flatMap((rule) => rule.operations);
      expect(operations).toEqual(['CREATE']);
    });

    it('leaves out the namespaces that the cluster and we ourselves live in, whatever else is left out', async () => {
      const webhooks = webhooksOf(
        await helm.objects(...set({ 'webhook.excludedNamespaces': ['kube-system', 'build'] })),
      );
      for (const { namespaceSelector, name } of webhooks.slice(0, 2)) {
        expect(namespaceSelector?.matchExpressions[0]?.values, name).toEqual([
          'build',
          'kube-system',
          releaseNamespace,
        ]);
      }
    });

    it('names an address outside the cluster instead of the Service', async () => {
      const webhooks = webhooksOf(await helm.objects(...set({ 'webhook.advertiseUrl': 'https://127.0.0.1:9443/' })));
      expect(webhooks[0]!.clientConfig).toEqual({ url: 'https://127.0.0.1:9443/validate/pods' });
    });
  });

  it('gives the operator flags and rights for failing closed only where that is asked for', async () => {
    const found = async (...settings: readonly string[]): Promise<readonly unknown[]> => {
      const objects = await helm.objects(...settings);
      const [operator] = ofKind(objects, 'StatefulSet').map(podOf);
      return [
        operator?.containers[0]?.args.filter((arg) => arg.includes('fail-closed')),
        objects.filter(({ metadata }) => metadata.name.includes('fail-closed')).map(identity),
      ];
    };
    expect(await found()).toEqual([[], []]);
    expect(await found(...everything)).toEqual([
      ['--fail-closed', '--fail-closed-fallback=2m'],
      ['ClusterRole/workload-protection-fail-closed', 'ClusterRoleBinding/workload-protection-fail-closed'],
    ]);
  });

  describe('the certificate', () => {
    const argsOf = (objects: readonly Rendered[]): readonly string[] =>
      podOf(ofKind(objects, 'Deployment')[0]!).containers[0]!.args.filter((arg) => /certificate|authority/.test(arg));
    const rightsOf = (objects: readonly Rendered[], resource: string): readonly unknown[] =>
      ofKind(objects, 'ClusterRole', 'Role')
        .filter(({ metadata }) => metadata.name === 'workload-protection-webhook')
        .flatMap((role) => rulesOf(role).filter(({ resources }) => resources.includes(resource)))
        .map(({ resourceNames, verbs }) => [resourceNames, verbs]);
    const reading = ['get', 'list', 'watch'];

    it('names the Service, whatever it is called', async () => {
      const objects = await helm.objects(...set({ fullnameOverride: 'watch' }));
      const service = ofKind(objects, 'Service').find(({ metadata }) => metadata.name.endsWith('-webhook'));
      const [pod] = ofKind(objects, 'Deployment').map(podOf);
      expect(pod?.containers[0]?.args).toContain(`--service-name=${service?.metadata.name}`);
      expect(service?.metadata.name).toBe('watch-webhook');
    });

    it('is kept by the webhook where nothing is said', async () => {
      const objects = await helm.objects();
      expect(argsOf(objects)).toEqual(['--certificate-secret=workload-protection-webhook-tls']);
      expect(ofKind(objects, 'Certificate')).toEqual([]);
    });

    it('can be kept by cert-manager, which then publishes its authority, and the webhook writes nothing', async () => {
      const objects = await helm.objects(...certManager);
      const [certificate] = ofKind(objects, 'Certificate');
      expect(certificate).toMatchObject({
        apiVersion: 'cert-manager.io/v1',
        metadata: { name: 'workload-protection-webhook', namespace: releaseNamespace },
        spec: {
          secretName: 'workload-protection-webhook-tls',
          issuerRef: { kind: 'ClusterIssuer', name: 'internal' },
          dnsNames: expect.arrayContaining([`workload-protection-webhook.${releaseNamespace}.svc`]),
        },
      });
      expect(ofKind(objects, 'ValidatingWebhookConfiguration')[0]!.metadata.annotations).toMatchObject({
        'cert-manager.io/inject-ca-from': `${releaseNamespace}/workload-protection-webhook`,
      });
      expect(argsOf(objects)).toEqual([
        '--certificate-source=Secret',
        '--certificate-secret=workload-protection-webhook-tls',
        '--publish-authority=false',
      ]);
      expect(rightsOf(objects, 'secrets')).toEqual([[['workload-protection-webhook-tls'], reading]]);
      expect(rightsOf(objects, 'validatingwebhookconfigurations')).toEqual([[['workload-protection'], reading]]);
    });

    it('names the address outside the cluster, too', async () => {
      const specOf = async (url: string): Promise<unknown> =>
        ofKind(await helm.objects(...certManager, ...set({ 'webhook.advertiseUrl': url })), 'Certificate')[0]!['spec'];
      expect(await specOf('https://10.0.0.7:9443')).toMatchObject({ ipAddresses: ['10.0.0.7'] });
      expect(await specOf('https://[fd00::7]:9443')).toMatchObject({ ipAddresses: ['fd00::7'] });
      expect(await specOf('https://hook.example.com/x')).toMatchObject({
        dnsNames: expect.arrayContaining(['hook.example.com']),
      });
    });

    it('can be kept in a Secret of the user, whose authority the webhook publishes', async () => {
      const objects = await helm.objects(...givenSecret);
      expect(argsOf(objects)).toEqual(['--certificate-source=Secret', '--certificate-secret=mine']);
      expect(rightsOf(objects, 'secrets')).toEqual([[['mine'], reading]]);
      expect(rightsOf(objects, 'validatingwebhookconfigurations')).toEqual([
        [['workload-protection'], [...reading, 'patch']],
      ]);
      expect(ofKind(objects, 'Certificate')).toEqual([]);
    });

    it('has its authority rendered where the values hold it, and nobody writes it then', async () => {
      const objects = await helm.objects(...givenSecret, ...set({ 'webhook.certificate.caBundle': authority }));
      for (const { clientConfig } of webhooksOf(objects)) {
        expect(clientConfig['caBundle']).toBe(Buffer.from(authority).toString('base64'));
      }
      expect(argsOf(objects)).toContain('--publish-authority=false');
      expect(rightsOf(objects, 'validatingwebhookconfigurations')).toEqual([[['workload-protection'], reading]]);
    });
  });

  describe('the ready-made agents', () => {
    it('are the files that stand in the chart', async () => {
      const rendered = ofKind(await helm.objects(), 'ProtectionAgent');
      const files = (await readdir(path.join(chart, 'files', 'agents'))).filter(
        (file) => file !== 'kustomization.yaml',
      );
      expect(rendered).toHaveLength(files.length);
      for (const { metadata, spec } of rendered) {
        const file = load(
          await readFile(path.join(chart, 'files', 'agents', `${metadata.name}.yaml`), 'utf8'),
        ) as Rendered;
        expect(spec).toEqual(file['spec']);
      }
    });

    it('can be left out, and changed field by field', async () => {
      const settings = set({ 'agents.tracee.enabled': false, 'agents.falco.spec': { telemetry: { mode: 'Scrape' } } });
      const rendered = ofKind(await helm.objects(...settings), 'ProtectionAgent');
      const falco = rendered.find(({ metadata }) => metadata.name === 'falco');
      expect(rendered.map(({ metadata }) => metadata.name)).not.toContain('tracee');
      expect(falco?.['spec']).toMatchObject({
        type: 'Falco',
        telemetry: { mode: 'Scrape', port: 8765 },
      });
    });
  });

  describe('the canary', () => {
    const settings = set({ 'canary.enabled': true, 'canary.interval': '5m', 'canary.agents': ['falco', 'tracee'] });

    it('is off by default, and no agent is expected to see one', async () => {
      const objects = await helm.objects();
      expect(ofKind(objects, 'DaemonSet')).toEqual([]);
      expect(JSON.stringify(ofKind(objects, 'ProtectionAgent'))).not.toContain('canary');
    });

    it('runs as nobody on every Linux node, without rights, and does nothing but be seen', async () => {
      const daemonSets = ofKind(await helm.objects(...settings), 'DaemonSet');
      expect(daemonSets.map(identity)).toEqual([`DaemonSet/${releaseNamespace}/workload-protection-canary`]);
      const [pod] = daemonSets.map(podOf);
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ operator: 'Exists' }],
        securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            image: 'busybox:1.37.0',
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
            resources: { requests: { cpu: '1m', memory: '4Mi' }, limits: { memory: '16Mi' } },
          },
        ],
      });
      expect(pod).not.toHaveProperty('serviceAccountName');
      expect(pod).not.toHaveProperty('volumes');
      expect(pod?.containers[0]?.command.at(-1)).toMatch(/busybox true workload-protection-canary; sleep 5m &/);
    });

    it('comes from the mirror that all images come from, or by its digest', async () => {
      const digest = `sha256:${'a'.repeat(64)}`;
      const mirrored = { 'image.registry': 'mirror.example.com', 'canary.image.digest': digest };
      const [pod] = ofKind(await helm.objects(...settings, ...set(mirrored)), 'DaemonSet').map(podOf);
      expect(pod?.containers[0]?.image).toBe(`mirror.example.com/busybox@${digest}`);
    });

    it('is said of those agents that must see it, unless their own values say otherwise', async () => {
      const own = set({ 'agents.tracee.spec': { canary: { interval: '1h' } } });
      const agents = ofKind(await helm.objects(...settings, ...own), 'ProtectionAgent').map((agent) =>
        protectionAgentSchema.parse(agent),
      );
      const canaries = agents.flatMap(({ metadata, spec }) => (spec.canary ? [[metadata.name, spec.canary]] : []));
      expect(canaries).toEqual([
        ['falco', { interval: '5m' }],
        ['tracee', { interval: '1h' }],
      ]);
    });
  });

  it('starts with a policy that selects everything and only warns', async () => {
    const [policy] = ofKind(await helm.objects(), 'WorkloadPolicy');
    const { spec } = workloadPolicySchema.parse(policy);
    expect(spec.selector).toEqual({});
    expect(spec).toMatchObject({ criticality: 'Medium', gracePeriod: '5m', admission: { mode: 'Warn' } });
    expect(ofKind(await helm.objects(...set({ 'starterPolicy.enabled': false })), 'WorkloadPolicy')).toEqual([]);
  });

  it.each([
    ['a misspelt group', { 'operater.replicas': 3 }, "additional properties 'operater' not allowed"],
    ['a misspelt value', { 'operator.replica': 3 }, "at '/operator': additional properties 'replica' not allowed"],
    [
      'an agent that does not exist',
      { 'agents.falko.enabled': true },
      "at '/agents': additional properties 'falko' not allowed",
    ],
    [
      'a webhook that fails closed',
      { 'webhook.failurePolicy': 'Fail' },
      "additional properties 'failurePolicy' not allowed",
    ],
    ['judging kube-system', { 'webhook.excludedNamespaces': ['build'] }, "value must be 'kube-system'"],
    ['text for a number', { 'webhook.timeoutSeconds': 'soon' }, 'got string, want integer'],
    [
      'cert-manager without an issuer',
      { 'webhook.certificate.source': 'CertManager' },
      'webhook.certificate.issuerRef.name is required',
    ],
    [
      "authorities beside a certificate of the webhook's own",
      { 'webhook.certificate.caBundle': authority },
      'webhook.certificate.caBundle goes with the source Secret',
    ],
    [
      'an unknown keeper of the certificate',
      { 'webhook.certificate.source': 'Vault' },
      "at '/webhook/certificate/source': value must be one of",
    ],
    ['a canary that never sings', { 'canary.interval': 'never' }, "at '/canary/interval'"],
    ['a canary for nobody', { 'canary.agents': ['falko'] }, "at '/canary/agents/0'"],
    ['an address without TLS', { 'webhook.advertiseUrl': 'http://127.0.0.1' }, 'does not match pattern'],
  ])('refuses %s and says where', async (_, values, message) => {
    await expect(helm.template(...set(values))).rejects.toThrow(message);
  });
});
