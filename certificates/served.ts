// What the server presents and the API server is to trust, wherever it comes from: the product's own keeper, or a Secret that is
// somebody else's work.
export interface Served {
  /** PEM; intermediates may follow. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** PEM, one root after the other. Undefined: there is none to publish. */
  readonly authorities: string | undefined;
  /** Certificate → when it ends, epoch milliseconds. */
  readonly expiry: Readonly<Record<string, number>>;
}

export interface CertificateSource {
  /** Ends when the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Undefined until there is something to serve. */
  served(): Served | undefined;
  /** Told of each change. Returns how to end it. */
  subscribe(listener: (served: Served) => void): () => void;
  /** Why there is nothing, or why it is not renewed; undefined where all is well. */
  trouble(): string | undefined;
}
