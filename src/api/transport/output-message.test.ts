import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AttachSessionResponse, ReadOutputResponse, Stream } from '../../generated/latchkey/v1/session.ts';
import { outputMessage } from './output-message.ts';

const output = fc.record({
  offset: fc.maxSafeNat(),
  stream: fc.constantFrom(Stream.STDOUT, Stream.STDERR),
  data: fc.uint8Array({ minLength: 1, maxLength: 40_000 }).map((bytes) => Buffer.from(bytes)),
});

it('encodes a message of output as the codec does, without copying its data', () => {
  fc.assert(
    fc.property(output, (value) => {
      const { head, tail } = outputMessage(value);
      expect(tail).toBe(value.data);
      const message = { event: { $case: 'output' as const, value } };
      const bytes = Buffer.concat([head, tail]);
      expect(bytes.equals(AttachSessionResponse.encode(message).finish())).toBe(true);
      expect(bytes.equals(ReadOutputResponse.encode(message).finish())).toBe(true);
    }),
  );
});
