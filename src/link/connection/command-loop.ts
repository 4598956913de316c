/**
 * Serves one authenticated connection: carries out commands and sends each answer as soon as it is ready,
 * in any order.
 */
import { AppError } from '../../errors.ts';
import type { Frame } from '../../generated/latchkey/link/v1/link.ts';
import type { Body } from '../../link-protocol/protocol.ts';
import { Readers } from '../output/readers.ts';
import type { Channel } from './channel.ts';
import { type CommandContext, carryOut } from './commands.ts';

const MAX_PENDING = 1000;

/** The parts of a command's context that the link provides. */
export type CommandLoopContext = Omit<CommandContext, 'channel' | 'readers'> & {
  /** Called for each frame received or sent. */
  readonly active: () => void;
};

export class CommandLoop {
  readonly channel: Channel;
  readonly readers: Readers;
  readonly #context: CommandContext;
  readonly #active: () => void;
  #pending = 0;

  constructor(channel: Channel, { active, ...context }: CommandLoopContext, onClose: () => void) {
    this.channel = channel;
    this.readers = new Readers({
      write: (bytes, sent) => {
        active();
        channel.write(bytes, sent);
      },
      send: ({ request, body }) => void (body && channel.send(request, body)),
    });
    this.#context = { ...context, channel, readers: this.readers };
    this.#active = active;
    channel.onFrame = (frame) => void this.#command(frame);
    channel.onClose = () => {
      this.readers[Symbol.dispose]();
      onClose();
    };
  }

  /** Sends a frame that answers no request. */
  notify(body: Body): void {
    this.#active();
    this.channel.send(0, body);
  }

  async #command({ request, body }: Frame): Promise<void> {
    this.#active();
    if (this.#pending >= MAX_PENDING) {
      this.channel.fail(request, new AppError('LIMIT_EXCEEDED', 'too many commands at once'));
      return;
    }
    this.#pending += 1;
    try {
      const result = carryOut(body, this.#context, request);
      const answer = result instanceof Promise ? await result : result;
      if (answer !== undefined) this.channel.send(request, answer);
    } catch (error) {
      this.channel.fail(request, error);
    } finally {
      this.#pending -= 1;
    }
  }
}
