// What somebody writes who has grpc-js, proto-loader and our protos: node naive-whoami.mjs PROTOS ADDRESS CA
// TOKEN
import { readFileSync } from 'node:fs';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const [protos, address, caFile, tokenFile] = process.argv.slice(2);
const definition = loader.loadSync('latchkey/v1/auth.proto', { includeDirs: [protos] });
const { AuthService } = grpc.loadPackageDefinition(definition).latchkey.v1;
const client = new AuthService(address, grpc.credentials.createSsl(readFileSync(caFile)));
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`);
client.whoAmI({}, metadata, (error, answer) => {
  if (error) throw error;
  process.stdout.write(`${answer.token.login} ${answer.role}\n`);
  client.close();
});
