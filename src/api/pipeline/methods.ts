/**
 * From generated definitions to served methods. The handlers of a service are typed by its
 * definition and its policy rows: a method that is missing, or has no row, does not compile.
 */
import type { Caller, KnownCaller } from './caller.ts';
import { type MethodPath, POLICY, type Row } from './policy.ts';

interface Encoder {
  encode(message: never): { finish(): Uint8Array };
}

interface Decoder {
  decode(bytes: Uint8Array): unknown;
}

/** One method as ts-proto writes it (`outputServices=generic-definitions`). */
export interface MethodDefinition {
  readonly name: string;
  readonly requestType: Decoder;
  readonly requestStream: boolean;
  readonly responseType: Encoder;
  readonly responseStream: boolean;
}

/** One service, likewise. */
export interface ServiceDefinition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

/** A message of a stream that is encoded already: first `head`, then `tail`, which is sent from where it lies. */
export class LongMessage {
  readonly head: Uint8Array;
  /** Left alone until the next message is asked for. */
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

/** A public method does not know its caller; every other one does. */
type CallerOf<Path extends MethodPath> = (typeof POLICY)[Path]['access'] extends 'public'
  ? Caller
  : KnownCaller;

/** What serves a service: one function a method, from its request (or requests) to its answer(s). */
export type Handlers<Definition extends ServiceDefinition> = {
  readonly [Name in keyof Definition['methods']]: `${Definition['fullName']}/${Definition['methods'][Name]['name']}` extends infer Path extends
    MethodPath
    ? (
        input: Input<Definition['methods'][Name]>,
        caller: CallerOf<Path>,
      ) => Output<Definition['methods'][Name]>
    : never;
};

/** A served method with its types gone: bytes in and out are all that the pipeline sees. */
export interface ServedMethod {
  /** `<service>/<method>`, as in the policy table. */
  readonly path: string;
  readonly row: Row;
  readonly definition: MethodDefinition;
  readonly handler: (input: unknown, caller: Caller) => AsyncIterable<unknown> | Promise<unknown>;
}

/** The methods of one service, ready to be served. */
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

/** What has no row is refused to everybody until `checkPolicy` has kept the daemon from starting. */
function rowOf(path: string): Row {
  return Object.hasOwn(POLICY, path) ? POLICY[path as MethodPath] : { access: 'admin' };
}
