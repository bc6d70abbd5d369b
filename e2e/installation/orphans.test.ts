import { expect, test } from 'vitest';
import { orphansIn } from './orphans.ts';

const processes = `
    1 /sbin/init
  211 node /repo/operator/main.ts --namespace=a --kubeconfig=/state/gone/kubeconfigs/a-operator --metrics-address=127.0.0.1:0
  212 node /repo/operator/main.ts --namespace=a --kubeconfig=/state/alive/kubeconfigs/a-operator
  213 kubectl --kubeconfig=/state/gone/kubeconfig get pods
  214 node /repo/operator/main.ts --kubeconfig=/state/gone-too/kubeconfigs/a-operator
  215 vi /state/gone/kubeconfigs/a-operator
`;

test('only programs with a kubeconfig of a control plane that is left behind are taken for its own', () => {
  expect(orphansIn(processes, ['/state/gone'])).toEqual([{ pid: 211, folder: '/state/gone' }]);
});

test('nothing is left behind where no control plane is', () => {
  expect(orphansIn(processes, [])).toEqual([]);
});
