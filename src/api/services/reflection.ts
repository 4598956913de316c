/**
 * Server reflection v1: gives the published protobuf files to clients that have none. The implementation is
 * grpc-node's. Only its class is imported, since its service wrapper reads proto files next to its own
 * source, which a bundle does not have.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import {
  ServerReflectionDefinition,
  type ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../generated/grpc/reflection/v1/reflection.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';

type Reflect = (request: ServerReflectionRequest) => ServerReflectionResponse;

/** Serves reflection from the descriptors, which are loaded on the first request. */
export function reflectionService(services: readonly string[]): ServedMethod[] {
  let loaded: Promise<Reflect> | undefined;
  return serve(ServerReflectionDefinition, {
    serverReflectionInfo: async function* (requests) {
      loaded ??= load(services);
      const reflect = await loaded;
      for await (const request of requests) yield reflect(request);
    },
  });
}

async function load(services: readonly string[]): Promise<Reflect> {
  // The module is CommonJS: in a bundle, its exports are only in `default`.
  const [{ default: implementations }, { DESCRIPTORS }] = await Promise.all([
    import('@grpc/reflection/build/src/implementations/reflection-v1.js'),
    import('../../generated/descriptors.ts'),
  ]);
  const root = { files: { fileDescriptorProtos: filesOf(Buffer.from(DESCRIPTORS, 'base64')) } };
  const implementation = new implementations.ReflectionV1Implementation(root as never, {
    services: [...services],
  });
  return (request) => {
    const answer = implementation.handleServerReflectionRequest(asLoaded(request) as never);
    return asGenerated(answer as unknown as Record<string, unknown>, request);
  };
}

/** Returns the encoded files of a FileDescriptorSet (its field 1). */
function filesOf(descriptorSet: Uint8Array): Buffer[] {
  const reader = new BinaryReader(descriptorSet);
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) files.push(Buffer.from(reader.bytes()));
    else reader.skip(wireType);
  }
  return files;
}

/** Converts a oneof to proto-loader's form, which grpc-node expects: its name, and a member of that name. */
function asLoaded({ host, messageRequest }: ServerReflectionRequest): Record<string, unknown> {
  if (messageRequest === undefined) return { host };
  return { host, messageRequest: messageRequest.$case, [messageRequest.$case]: messageRequest.value };
}

const ANSWERS = [
  'fileDescriptorResponse',
  'allExtensionNumbersResponse',
  'listServicesResponse',
  'errorResponse',
] as const;

function asGenerated(
  answer: Record<string, unknown>,
  originalRequest: ServerReflectionRequest,
): ServerReflectionResponse {
  const $case = ANSWERS.find((name) => answer[name] !== undefined);
  const messageResponse = $case === undefined ? undefined : { $case, value: answer[$case] };
  return ServerReflectionResponse.fromPartial({
    validHost: originalRequest.host,
    originalRequest,
    messageResponse: messageResponse as NonNullable<ServerReflectionResponse['messageResponse']>,
  });
}
