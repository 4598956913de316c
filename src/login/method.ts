/**
 * The login room: how somebody without a token gets one. It promises that a method is asked for
 * answers only through the one conversation, that failures are counted and slow nobody but who caused
 * them, and that refusals look alike whatever their cause. It never keeps a secret longer than the try
 * it was given for, and never decides what a login may do.
 *
 * A way in is an async generator that yields challenges, receives the answers and returns who it was;
 * another way in is another file like ssh.ts.
 */

/** One question. */
export interface Prompt {
  readonly text: string;
  /** Whether what is typed may be seen. */
  readonly echo: boolean;
}

/** What the server asks or tells; only questions get answers. */
export type Challenge =
  | {
      readonly kind: 'prompts';
      readonly name: string;
      readonly instruction: string;
      readonly prompts: readonly Prompt[];
    }
  | { readonly kind: 'notice'; readonly text: string };

/** One text for each prompt; none for a notice. */
export type Answers = readonly string[];

/** Who somebody has shown to be. */
export interface Identity {
  readonly login: string;
  /** The Linux user that this proved, if any, with its uid. */
  readonly linuxUser?: string;
  readonly uid?: number;
  /** The claim `fastx/auth-method` (F7). */
  readonly authMethod: string;
}

/** Where somebody comes from. */
export interface Visitor {
  /** The address, for the claim. */
  readonly address: string;
  /** Whom to count together: an address or network, or a uid of this host. */
  readonly source: string;
}

/** One try of one method. */
export interface Attempt {
  readonly username: string;
  readonly visitor: Visitor;
  /** Aborts when the conversation is over. */
  readonly signal: AbortSignal;
}

export interface LoginMethod {
  /** As clients name it; also the claim's value. */
  readonly name: string;
  /** One sentence for people. */
  readonly description: string;
  /** Whether it could succeed now. */
  isUsable(): boolean;
  /** The one name of whoever is called `username` among others, so that all of them are counted together. */
  nameOf?(username: string): Promise<string>;
  /** Throws LOGIN_REFUSED for whatever is about the person, anything else for what is not. */
  attempt(attempt: Attempt): AsyncGenerator<Challenge, Identity, Answers>;
}
