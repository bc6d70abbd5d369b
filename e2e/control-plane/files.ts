import path from 'node:path';
import type { Files } from './arguments.ts';

/** Where things lie in the folder of a control plane. */
export function filesIn(directory: string): Files {
  return {
    etcdData: path.join(directory, 'etcd'),
    certificates: path.join(directory, 'certificates'),
    tokens: path.join(directory, 'tokens.csv'),
    serviceAccountKey: path.join(directory, 'service-account.key'),
    controllerManagerKubeconfig: path.join(directory, 'controller-manager.kubeconfig'),
    schedulerConfiguration: path.join(directory, 'scheduler.yaml'),
    adminKubeconfig: path.join(directory, 'kubeconfig'),
    stages: path.join(directory, 'stages.yaml'),
    kwokConfiguration: path.join(directory, 'kwok.yaml'),
  };
}

export const schedulerKubeconfig = (directory: string): string => path.join(directory, 'scheduler.kubeconfig');
export const logFile = (directory: string, name: string): string => path.join(directory, 'logs', `${name}.log`);
