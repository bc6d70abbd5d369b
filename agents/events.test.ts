import { describe, expect, it } from 'vitest';
import { sources } from '../operator/ingest/source.ts';
import { describeEvents } from './event.case.ts';
import { eventAdapters } from './events.ts';
import { findingsOf } from './testing/findings-of.ts';
import { fixture } from './testing/read.ts';

const web = 'shop/Deployment/web/web';
const node = 'Node/node-1';
const itself = 'of the agent itself';

/** What each item of a fixture comes to, by the agent and its version. */
const expected: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'falco/events-0.44.1': {
    'terminal shell': [`${web}: InteractiveShell`],
    'package manager': [`${web}: PackageManagerInContainer`],
    'compiler, our rule': [`${web}: CompilerInContainer`],
    'ssh server, our rule': [`${web}: SshServerInContainer`],
    'metadata service': [`${web}: LegacyMetadataService`],
    drift: [`${web}: BinaryDrift`],
    'network tool': [`${web}: NetworkToolInContainer`],
    'names not yet known': [`${web}: PackageManagerInContainer`],
    'package manager on the node': [`${node}: a signal`],
    threat: [`${web}: a signal`],
    'pod created': ['NothingSaid'],
    'exec through the API server': ['ContainerUnknown'],
    itself: [itself],
  },
  'falco/events-falcosidekick-2.31.1': {
    'compiler, long values cut': [`${web}: CompilerInContainer`],
  },
  'tetragon/events-1.7.0': {
    compiler: [`${web}: CompilerInContainer`],
    'package manager': [`${web}: PackageManagerInContainer`],
    'network tool': [`${web}: NetworkToolInContainer`],
    'ssh server': [`${web}: SshServerInContainer`],
    'shell by exec': [`${web}: a signal`],
    "shell with a terminal, by a policy's tag": [`${web}: InteractiveShell`],
    'metadata service': [`${web}: LegacyMetadataService`],
    'pod not yet known': [`${web}: CompilerInContainer`],
    'compiler on the node': [`${node}: a signal`],
    probe: [],
    exit: [],
    'file by a security hook': [`${web}: a signal`],
    'system call': [`${web}: a signal`],
    tracepoint: [`${web}: a signal`],
    'user probe': [`${web}: a signal`],
    'static probe': [`${web}: a signal`],
    loader: [`${web}: a signal`],
    throttled: [itself],
    'rate limited': [itself],
  },
  'datadog/events-7.81.1': {
    compiler: [`${web}: CompilerInContainer`],
    'package manager': [`${web}: PackageManagerInContainer`],
    'interactive shell': [`${web}: InteractiveShell`],
    'shell with a terminal': [`${web}: InteractiveShell`],
    'credentials by curl': [`${web}: LegacyMetadataService`],
    'metadata service, old way': [`${web}: LegacyMetadataService`],
    'metadata service, new way': [`${web}: a signal`],
    drift: [`${web}: BinaryDrift`],
    'network tool, of a group of rules': [`${web}: NetworkToolInContainer`],
    'as the agent writes it, with its tags': [`${web}: CompilerInContainer`],
    'as the log search answers it': [`${web}: CompilerInContainer`],
    'as a webhook passes it on': [`${web}: CompilerInContainer`],
    'package manager on the node': [`${node}: a signal`],
    threat: [`${web}: a signal`],
    itself: [itself],
  },
  'kubearmor/events-1.7.4': {
    'package manager, blocked': [`${web}: PackageManagerInContainer`],
    'compiler, log': [`${web}: CompilerInContainer`],
    'shell with a terminal': [`${web}: InteractiveShell`],
    'ssh server': [`${web}: SshServerInContainer`],
    'network tool': [`${web}: NetworkToolInContainer`],
    'metadata service': [`${web}: LegacyMetadataService`],
    'connection accepted': [`${web}: a signal`],
    'package manager on the node': [`${node}: a signal`],
    threat: [`${web}: a signal`],
    throttled: [itself],
    message: [],
  },
  'kubescape/events-0.3.158': {
    drift: [`${web}: BinaryDrift`],
    'unexpected compiler': [`${web}: CompilerInContainer`],
    'unexpected package manager, without its tree': [`${web}: PackageManagerInContainer`],
    'exec through the API server': [`${web}: InteractiveShell`],
    'metadata service': [`${web}: LegacyMetadataService`],
    'two in a list': [`${web}: NetworkToolInContainer`, `${web}: a signal`],
    'as its log has it': [`${web}: CompilerInContainer`],
    threat: [`${web}: a signal`],
    itself: [itself],
  },
  'tracee/events-0.24.0': {
    drift: [`${web}: BinaryDrift`],
    compiler: [`${web}: CompilerInContainer`],
    'compiler, as in its docs': [`${web}: CompilerInContainer`],
    'shell with a terminal': [`${web}: InteractiveShell`],
    'metadata service': [`${web}: LegacyMetadataService`],
    // It names no node, so that only a sender that is limited to one can say whose it is.
    'compiler on the node': ['NothingSaid'],
    threat: [`${web}: a signal`],
    itself: [itself],
  },
  'tracee/events-0.20.0': {
    'package manager': [`${web}: PackageManagerInContainer`],
    drift: [`${web}: BinaryDrift`],
    'package manager on the node': ['NothingSaid'],
  },
  'generic/events-ocsf-1.4.0': {
    'detection finding': [`${web}: CompilerInContainer`],
    'process activity': [`${web}: PackageManagerInContainer`],
  },
  'generic/events-cloudevents-1.0': {
    "falcosidekick's": [`${web}: PackageManagerInContainer`],
    'the neutral form': [`${web}: LegacyMetadataService`],
    OCSF: [`${web}: CompilerInContainer`],
    'of something else': [],
  },
  'generic/events-neutral': {
    'metadata service': [`${web}: LegacyMetadataService`],
    'on the node': [`${node}: a signal`],
  },
};

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const happenedAt = Date.UTC(2026, 7, 1, 10, 0, 0);

const itemsOf = (file: string): Readonly<Record<string, unknown>> => {
  const [folder = '', name = ''] = file.split('/');
  return JSON.parse(fixture(folder, `${name}.json`)) as Readonly<Record<string, unknown>>;
};

describe('the events of an agent', () => {
  it('have an adapter for each path that they can be posted to', () => {
    expect([...eventAdapters.keys()].toSorted()).toEqual([...sources].toSorted());
  });

  for (const [file, outcomes] of Object.entries(expected)) {
    const items = itemsOf(file);
    const adapter = eventAdapters.get(file.split('/')[0] ?? '');

    it(`are all looked at: ${file}`, () => {
      expect(Object.keys(outcomes)).toEqual(Object.keys(items));
    });

    it.each(Object.entries(outcomes))(`make the right findings on the right subject: ${file}, %s`, (name, outcome) => {
      const events = adapter?.eventsOf(items[name], receivedAt) ?? [];
      expect(events.map(findingsOf)).toEqual(outcome);
      for (const { at } of events) expect(Math.floor(at / 1000) * 1000).toBe(happenedAt);
    });
  }
});

describe.each(
  Object.keys(expected).map((file) => ({
    file,
    source: file.split('/')[0] ?? '',
    items: Object.values(itemsOf(file)),
  })),
)('$file', ({ source, items }) => {
  const adapter = eventAdapters.get(source);
  if (adapter === undefined) throw new Error(`nobody reads the events of ${source}`);
  describeEvents(adapter, items);
});
