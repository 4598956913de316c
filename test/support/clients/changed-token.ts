/** Returns a token with one bit of its signature changed: what is put at its end may be what is there. */
export function withAnotherSignature(token: string): string {
  const [header, claims, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  return `${header}.${claims}.${bytes.toString('base64url')}`;
}
