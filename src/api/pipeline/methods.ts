/**
 * Makes served methods of generated service definitions. Handlers are typed by the definition and the policy
 * table: a method without a handler or without a policy row does not compile.
 */
import type { MethodDefinition, ServiceDefinition } from '../../service-definition.ts';
import type { Caller, KnownCaller, PublicCaller } from './caller.ts';
import { type MethodPath, POLICY, type Row } from './policy.ts';

/** An encoded message of a stream: `head`, then `tail`, which is sent without being copied. */
export class LongMessage {
  readonly head: Uint8Array;
  /** Unchanged until the next message is requested. */
  readonly tail: Buffer;

  constructor(head: Uint8Array, tail: Buffer) {
    this.head = head;
    this.tail = tail;
  }
}

type MessageOf<Codec> = Codec extends { decode(input: Uint8Array): infer Message } ? Message : never;

type Input<Method extends MethodDefinition> = Method['requestStream'] extends true
  ? AsyncIterable<MessageOf<Method['requestType']>>
  : MessageOf<Method['requestType']>;

type Output<Method extends MethodDefinition> = Method['responseStream'] extends true
  ? AsyncIterable<MessageOf<Method['responseType']> | LongMessage>
  : Promise<MessageOf<Method['responseType']>>;

/** The caller that a handler gets. */
type CallerOf<Path extends MethodPath> = (typeof POLICY)[Path]['access'] extends 'public'
  ? PublicCaller
  : KnownCaller;

/**
 * The handlers of a service: one function per method, from its request or requests to its answer or answers.
 */
export type Handlers<Definition extends ServiceDefinition> = {
  readonly [Name in keyof Definition['methods']]: `${Definition['fullName']}/${Definition['methods'][Name]['name']}` extends infer Path extends
    MethodPath
    ? (
        input: Input<Definition['methods'][Name]>,
        caller: CallerOf<Path>,
      ) => Output<Definition['methods'][Name]>
    : never;
};

/** A served method without its types: the pipeline only sees bytes. */
export interface ServedMethod {
  /** `<service>/<method>`, as in the policy table. */
  readonly path: string;
  readonly row: Row;
  readonly definition: MethodDefinition;
  readonly handler: (input: unknown, caller: Caller) => AsyncIterable<unknown> | Promise<unknown>;
}

/** Returns the methods of one service, with their policy rows. */
export function serve<Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Handlers<Definition>,
): ServedMethod[] {
  return Object.entries(definition.methods).map(([name, method]) => {
    const path = `${definition.fullName}/${method.name}`;
    const handler = handlers[name as keyof Definition['methods']] as unknown as ServedMethod['handler'];
    return { path, row: rowOf(path), definition: method, handler };
  });
}

/**
 * Without a row, only administrators may call; `checkPolicy` keeps a server with such a method from starting.
 */
function rowOf(path: string): Row {
  return Object.hasOwn(POLICY, path) ? POLICY[path as MethodPath] : { access: 'admin' };
}
