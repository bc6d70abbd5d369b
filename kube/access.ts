/** Everything that has to do with trust in a connection; read again now and then, since files are replaced under us. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
  readonly insecure?: boolean | undefined;
}

export interface ClusterAccess {
  /** `https://host:port`, with a path where the API server is behind one. */
  readonly server: string;
  /** The namespace of the context or of our ServiceAccount. */
  readonly namespace: string | undefined;
  /** For messages: where this came from. */
  readonly source: string;
  tls(): Promise<TlsMaterial>;
  /** Headers that say who we are; `fresh` after the server did not accept the last ones. */
  authorise(fresh?: boolean): Promise<Readonly<Record<string, string>>>;
}
