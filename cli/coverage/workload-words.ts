// Workloads as people write them: NAMESPACE/KIND/NAME, with kubectl's short names of kinds, or NAMESPACE/NAME.
import { workloadName, type Asset } from './asset.ts';

const shortKinds: Readonly<Record<string, string>> = {
  po: 'pod',
  deploy: 'deployment',
  sts: 'statefulset',
  ds: 'daemonset',
  rs: 'replicaset',
  rc: 'replicationcontroller',
  cj: 'cronjob',
};

/** All that it may mean; more than one where a kind is left out and several have the name. */
export const workloadsNamed = (written: string, workloads: readonly Asset[]): readonly Asset[] => {
  const [namespace = '', second = '', ...rest] = written.replace(/^workloads?\//, '').split('/');
  const name = rest.join('/');
  return workloads.filter(({ key }) => {
    const workload = workloadName(key);
    if (workload.namespace !== namespace) return false;
    return name === '' ? workload.name === second : workload.name === name && isKind(second, workload.kind);
  });
};

const isKind = (written: string, kind: string): boolean => {
  const word = written.toLowerCase().split('.')[0] ?? '';
  const wanted = kind.toLowerCase();
  return [word, shortKinds[word]].some((each) => each === wanted || each === `${wanted}s`);
};
