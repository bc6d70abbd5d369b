// Who sends, once it is proven.
export interface Sender {
  /** For logs, and what rates are counted by: `ServiceAccount falco/falco`, `token sidekick`, `certificate falco`. */
  readonly name: string;
  /** The only node that it may speak of; undefined for a forwarder, which may speak of any. */
  readonly node: string | undefined;
}

/** How a proof went. */
export type Proof =
  | { readonly kind: 'sender'; readonly sender: Sender }
  /** Nobody that we know. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** Somebody that we know, who may not send. */
  | { readonly kind: 'forbidden'; readonly message: string }
  /** It could not be told. */
  | { readonly kind: 'unavailable'; readonly message: string };
