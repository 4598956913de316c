/**
 * A DNS server for a story, inside the world: real packets (RFC 1035, RFC 2782) on the loopback's port 53.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';

const A = 1;
const SRV = 33;
const IN = 1;
const HEADER_BYTES = 12;
const RESPONSE = 0x8400;
const RECURSION_DESIRED = 0x0100;
const NAME_ERROR = 3;

export interface Service {
  readonly priority: number;
  readonly host: string;
  readonly port: number;
}

export class NameServer implements AsyncDisposable {
  /** Records to answer with, by name in lower case; they may change while it runs. */
  readonly addresses = new Map<string, string>();
  readonly services = new Map<string, Service[]>();
  readonly asked: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, { port, address }) => socket.send(this.#answer(query), port, address));
  }

  /** Starts a server that this world asks, with `domain` as the search domain for short names. */
  static async start(domain: string): Promise<NameServer> {
    const socket = createSocket('udp4').bind(53, '127.0.0.1');
    await once(socket, 'listening');
    rmSync('/etc/resolv.conf', { force: true });
    writeFileSync(
      '/etc/resolv.conf',
      `search ${domain}\nnameserver 127.0.0.1\noptions timeout:1 attempts:2\n`,
    );
    return new NameServer(socket);
  }

  #answer(query: Buffer): Buffer {
    const question = query.subarray(HEADER_BYTES, query.indexOf(0, HEADER_BYTES) + 5);
    const name = nameIn(question);
    const type = question.readUInt16BE(question.length - 4);
    this.asked.push(`${type === SRV ? 'SRV' : type === A ? 'A' : type} ${name}`);
    const found = this.#records(name, type);
    const isKnown = this.addresses.has(name) || this.services.has(name);
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(RESPONSE | RECURSION_DESIRED | (isKnown ? 0 : NAME_ERROR), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    return Buffer.concat([header, question, ...found.map((data) => record(type, data))]);
  }

  #records(name: string, type: number): Buffer[] {
    if (type === A) {
      const address = this.addresses.get(name);
      return address === undefined ? [] : [Buffer.from(address.split('.').map(Number))];
    }
    if (type !== SRV) return [];
    return (this.services.get(name) ?? []).map(({ priority, host, port }) => {
      const numbers = Buffer.alloc(6);
      numbers.writeUInt16BE(priority, 0);
      numbers.writeUInt16BE(port, 4);
      return Buffer.concat([numbers, spelled(host)]);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}

/** Encodes a record about the name in the question, with a time to live of 0. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(IN, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function spelled(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}

function nameIn(question: Buffer): string {
  const labels: string[] = [];
  for (let at = 0; (question[at] ?? 0) > 0; ) {
    const end = at + 1 + (question[at] ?? 0);
    labels.push(question.toString('latin1', at + 1, end));
    at = end;
  }
  return labels.join('.').toLowerCase();
}
