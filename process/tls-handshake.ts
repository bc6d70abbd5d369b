// A TLS handshake as an API server does it before it calls a webhook: under one name, trusting these roots and no others.
import { isIP } from 'node:net';
import { checkServerIdentity, connect } from 'node:tls';

export interface Greeted {
  /** Where the connection goes. */
  readonly host: string;
  readonly port: number;
  /** Whom the certificate must name. */
  readonly name: string;
  /** PEM. Empty: the roots that the machine trusts, as API servers take it. */
  readonly authorities: string;
}

/** Answers come within milliseconds; whoever takes longer is no use to an API server either. */
const deadlineMs = 3000;

/** What went wrong, or undefined. */
export const tlsHandshake = ({ host, port, name, authorities }: Greeted): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ...(authorities === '' ? {} : { ca: authorities }),
      // An address may not stand in the greeting.
      servername: isIP(name) === 0 ? name : '',
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    });
    const finish = (failure: string | undefined): void => {
      clearTimeout(deadline);
      resolve(failure);
      socket.destroy();
    };
    // Of the whole attempt, the name's resolution included.
    const deadline = setTimeout(() => finish(`no answer within ${deadlineMs} ms`), deadlineMs);
    socket.once('secureConnect', () => finish(undefined));
    socket.on('error', (error) => finish(error.message));
  });
