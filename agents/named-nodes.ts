// Which nodes an event names, by the field that each agent writes them in. An event that names none says nothing false of one.
import { list, object, text } from './read.ts';

export type EventSource = 'falco' | 'tetragon' | 'datadog' | 'kubearmor' | 'kubescape' | 'tracee' | 'generic';

export interface NamedNode {
  readonly field: string;
  readonly node: string;
}

/** Never throws, whatever the event is. */
export const namedNodes = (source: EventSource, event: unknown): readonly NamedNode[] => {
  switch (source) {
    case 'falco':
      return named(event, 'hostname');
    case 'tetragon':
      return named(event, 'node_name');
    case 'kubearmor':
      return named(event, 'HostName');
    case 'kubescape':
      return [
        ...named(event, 'nodeName'),
        ...list(object(object(event).spec).alerts).flatMap((alert, index) =>
          named(alert, 'nodeName').map(({ node }) => ({ field: `spec.alerts[${index}].nodeName`, node })),
        ),
      ];
    // Its hostname is what the agent takes for one: a name of the cloud's, or the node's with the cluster's behind it.
    case 'datadog':
    // Its hostName is the container's.
    case 'tracee':
      return [];
    case 'generic':
      return named(event, 'node');
  }
};

const named = (event: unknown, name: string): readonly NamedNode[] => {
  const node = text(object(event)[name]);
  return node === '' ? [] : [{ field: name, node }];
};
