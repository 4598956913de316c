/**
 * Reports requests of sshd that have texts and no prompt (RFC 4256, 3.2), with which PAM modules explain
 * themselves. ssh2 1.17.0 answers them by itself and does not pass them on.
 */
import type { Client, Prompt } from 'ssh2';

type Handler = (
  protocol: unknown,
  name: string,
  instruction: string,
  prompts: readonly Prompt[] | undefined,
) => void;

interface Internals {
  readonly _protocol: { readonly _handlers: { USERAUTH_INFO_REQUEST: Handler } };
}

/** Calls `hear` for each; must be called after `client.connect`. */
export function onTextWithoutPrompt(client: Client, hear: (text: string) => void): void {
  const { _handlers: handlers } = (client as unknown as Internals)._protocol;
  const handle = handlers.USERAUTH_INFO_REQUEST;
  handlers.USERAUTH_INFO_REQUEST = (protocol, name, instruction, prompts) => {
    if (prompts?.length === 0) hear(`${name}\n${instruction}`);
    handle(protocol, name, instruction, prompts);
  };
}
