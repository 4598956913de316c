/**
 * One process with two servers over TLS 1.3 that send the same response: the control API, and plain
 * grpc-js. Controlled by its parent; reports how many calls it has answered successfully.
 */
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import {
  AuthServiceDefinition,
  WhoAmIRequest,
  WhoAmIResponse,
} from '../../../src/generated/latchkey/v1/auth.ts';
import { descriptorTarget, type LogTarget } from '../../../src/log/log.ts';
import { ServedApi } from '../../support/server/served-api.ts';

export interface Ready {
  readonly api: number;
  readonly bare: number;
  readonly tokens: { readonly good: string; readonly revoked: string };
}

export interface Answered {
  readonly api: number;
  readonly bare: number;
}

const [folder = ''] = process.argv.slice(2);
const answered = { api: 0, bare: 0 };

// A log line for each call, as the daemon writes.
const file = descriptorTarget(openSync(join(folder, 'log'), 'a'));
const write: LogTarget['write'] = (line, isUrgent) => {
  if (line.includes('"msg":"call"')) answered.api += 1;
  file.write(line, isUrgent);
};
const served = await ServedApi.start({ folder, log: { write } });
const good = await served.token('alice');
const { token: revoked, claims } = await served.authority.mint({ login: 'alice', authMethod: 'link' });
await served.revocation.revoke({ jtis: [claims.jti] }, 'revoked');

const reply = await (await served.client(undefined, { token: good })).auth.whoAmI({});
const bare = new Server();
const { name, responseStream, requestStream } = AuthServiceDefinition.methods.whoAmI;
const method = {
  path: `/${AuthServiceDefinition.fullName}/${name}`,
  requestStream,
  responseStream,
  requestSerialize: (request: WhoAmIRequest) => Buffer.from(WhoAmIRequest.encode(request).finish()),
  requestDeserialize: (bytes: Buffer) => WhoAmIRequest.decode(bytes),
  responseSerialize: (response: WhoAmIResponse) => Buffer.from(WhoAmIResponse.encode(response).finish()),
  responseDeserialize: (bytes: Buffer) => WhoAmIResponse.decode(bytes),
};
const whoAmI = (
  _call: ServerUnaryCall<WhoAmIRequest, WhoAmIResponse>,
  callback: sendUnaryData<WhoAmIResponse>,
): void => {
  answered.bare += 1;
  callback(null, reply);
};
bare.addService({ whoAmI: method }, { whoAmI });
const pem = (path: string): Buffer => readFileSync(join(folder, 'pki', path));
const pair = { private_key: pem('tls.key'), cert_chain: pem('tls.pem') };
const port = await new Promise<number>((resolve, reject) => {
  const secure = ServerCredentials.createSsl(null, [pair]);
  bare.bindAsync('127.0.0.1:0', secure, (error, bound) => (error ? reject(error) : resolve(bound)));
});

process.on('message', () => process.send?.(answered satisfies Answered));
process.on('disconnect', () => process.exit());
process.send?.({ api: served.port, bare: port, tokens: { good, revoked } } satisfies Ready);
