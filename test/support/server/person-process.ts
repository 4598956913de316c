/**
 * A process that makes calls and registers links under one uid, for person.ts, which starts it as that user
 * or as root. Root only changes its effective uid: its sockets are that user's, but the process, which holds
 * those of many links, is not taken for the process of one link and ended with it.
 */
import { RegisterLinkRequest } from '../../../src/generated/latchkey/v1/link.ts';
import { BareLink } from '../link/bare-link.ts';
import type { Order, Outcome } from './person.ts';
import { Rpc } from './rpc.ts';

const uid = Number(process.argv[2]);
let rpc: Rpc | undefined;
let linksFolder = '';

process.umask(0o007); // a server that is not root reaches sockets through the folder's group
if (process.geteuid?.() !== uid) {
  process.setgroups?.([]);
  process.setegid?.(uid);
  process.seteuid?.(uid);
}

async function issue(token: string | undefined, daemon: boolean): Promise<Outcome> {
  const link = await BareLink.listen(linksFolder, uid, daemon);
  const request = RegisterLinkRequest.encode({ socket: link.name, daemon, sessionId: '' }).finish();
  const answer = await rpc?.unary('/latchkey.v1.LinkService/RegisterLink', request, token);
  const { code = -1, reason, message = '' } = answer ?? {};
  if (link.token === undefined) link[Symbol.dispose]();
  return { code, reason, message, socket: link.name, token: link.token, jti: link.jti };
}

async function obey(order: Order): Promise<Outcome> {
  switch (order.do) {
    case 'meet': {
      rpc?.[Symbol.dispose]();
      rpc = new Rpc(order.server);
      linksFolder = order.linksFolder;
      return { code: 0, message: '' };
    }
    case 'issue':
      return issue(order.token, order.daemon ?? false);
    case 'call': {
      const request = Buffer.from(order.request, 'base64');
      const answer = await rpc?.[order.streams ? 'stream' : 'unary'](order.path, request, order.token);
      const { code = -1, reason, message = '', response } = answer ?? {};
      return { code, reason, message, response: response?.toString('base64') };
    }
  }
}

process.on('message', (order: Order) => {
  const answer = obey(order).catch((error: unknown) => ({ code: -1, message: String(error) }));
  void answer.then((outcome) => process.send?.({ id: order.id, ...outcome }));
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0, code: 0, message: 'ready' });
