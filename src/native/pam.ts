/**
 * PAM's account phase: whether an account may be used now (not expired, not locked, within its hours). No
 * password is involved. It blocks, and pam_unix takes over SIGCHLD, so it is only for short-lived
 * processes.
 */
import { loadFfi } from './libc.ts';

const PAM_SUCCESS = 0;
const PAM_BUF_ERR = 5;
const PAM_CONV_ERR = 19;
const POINTER_BYTES = 8;
/** PAM_ERROR_MSG and PAM_TEXT_INFO */
const SAID = [3, 4];
const MAX_LENGTH = 500;
const RESPONSE_BYTES = 16; // struct pam_response: char *resp, int resp_retcode

/** The result of pam_acct_mgmt(3). */
export interface AccountAnswer {
  readonly allowed: boolean;
  /** Text of PAM's modules in one line, such as that of nologin(5); without one, that of pam_strerror(3). */
  readonly message: string;
}

/** Asks the PAM service `service` about `user`. Throws when libpam is missing. */
export function askAccountPhase(service: string, user: string): AccountAnswer {
  const ffi = loadFfi();
  const { lib, functions: pam } = ffi.dlopen('libpam.so.0', {
    pam_start: { arguments: ['string', 'string', 'pointer', 'buffer'], return: 'int32' },
    pam_acct_mgmt: { arguments: ['pointer', 'int32'], return: 'int32' },
    pam_end: { arguments: ['pointer', 'int32'], return: 'int32' },
    pam_strerror: { arguments: ['pointer', 'int32'], return: 'pointer' },
  });
  const { functions: libc } = ffi.dlopen(null, {
    calloc: { arguments: ['uint64', 'uint64'], return: 'pointer' },
  });
  const said: string[] = [];
  // PAM's questions get empty answers, which PAM frees (pam_conv(3)).
  const converse = lib.registerCallback(
    { arguments: ['int32', 'pointer', 'pointer', 'pointer'], return: 'int32' },
    (count, messages, responses) => {
      if (count <= 0 || typeof messages !== 'bigint' || typeof responses !== 'bigint') return PAM_CONV_ERR;
      for (let at = 0; at < count; at += 1) {
        const message = ffi.getUint64(messages, at * POINTER_BYTES); // Linux-PAM: an array of pointers
        const style = ffi.getInt32(message, 0); // struct pam_message: int msg_style, char *msg
        const text = ffi.toString(ffi.getUint64(message, POINTER_BYTES));
        if (SAID.includes(style)) said.push(text ?? '');
      }
      const answers = libc.calloc(BigInt(count), BigInt(RESPONSE_BYTES));
      if (answers === 0n) return PAM_BUF_ERR;
      ffi.setUint64(responses, 0, answers);
      return PAM_SUCCESS;
    },
  );
  const conversation = Buffer.alloc(16); // struct pam_conv: the function, and data for it
  conversation.writeBigUInt64LE(converse, 0);
  const handle = Buffer.alloc(8);
  let result = pam.pam_start(service, user, ffi.getRawPointer(conversation), handle);
  const pointer = handle.readBigUInt64LE();
  if (result === PAM_SUCCESS) result = pam.pam_acct_mgmt(pointer, 0);
  const failure = ffi.toString(pam.pam_strerror(pointer, result)) ?? '';
  const message = said.join(' ').replace(/\s+/g, ' ').trim().slice(0, MAX_LENGTH) || failure;
  if (pointer !== 0n) pam.pam_end(pointer, result);
  lib.unregisterCallback(converse);
  return { allowed: result === PAM_SUCCESS, message };
}
