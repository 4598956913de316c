"""A client in Python, from code that protoc has generated in the folder of the first argument.

Makes the calls that proto/README.md describes, and prints what came of each as one JSON object. The other
arguments: the server's address, its CA certificate, the token's file, and the server's id.
"""
import json
import sys
import time

generated, address, ca, token_file, server_id = sys.argv[1:]
sys.path.insert(0, generated)
import grpc  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from latchkey.v1 import auth_pb2, session_pb2, token_pb2  # noqa: E402

OPTIONS = [
    ('grpc.ssl_target_name_override', server_id),
    ('grpc.keepalive_time_ms', 100),
    ('grpc.keepalive_permit_without_calls', 1),
    ('grpc.http2.max_pings_without_data', 0),
    ('grpc.http2.min_time_between_pings_ms', 100),
]
credentials = grpc.ssl_channel_credentials(open(ca, 'rb').read())
channel = grpc.secure_channel(address, credentials, OPTIONS)
metadata = [('authorization', 'Bearer ' + open(token_file).read().strip())]
ENDED = session_pb2.SESSION_STATE_ENDED


def unary(service, method, request, response):
    path = f'/latchkey.v1.{service}/{method}'
    encode = type(request).SerializeToString
    return channel.unary_unary(path, encode, response.FromString)(request, metadata=metadata)


def converse(service, method, request, response):
    """Returns a function that makes the call with the given requests, and then ends its own side."""
    path = f'/latchkey.v1.{service}/{method}'
    call = channel.stream_stream(path, request.SerializeToString, response.FromString)
    return lambda *requests: call(iter(requests), metadata=metadata)


def who():
    response = unary('AuthService', 'WhoAmI', auth_pb2.WhoAmIRequest(), auth_pb2.WhoAmIResponse)
    method = token_pb2.AuthMethod.Name(response.token.auth_method)
    return [auth_pb2.Role.Name(response.role), response.token.login, method]


def wrong():
    """Returns what a refused call says to a program, in the messages of google.rpc."""
    try:
        request = token_pb2.ListTokensRequest(page_size=-1)
        unary('TokenService', 'ListTokens', request, token_pb2.ListTokensResponse)
    except grpc.RpcError as error:
        trailers = dict(error.trailing_metadata())
        status = status_pb2.Status.FromString(trailers['grpc-status-details-bin'])
        info = error_details_pb2.ErrorInfo()
        request = error_details_pb2.BadRequest()
        assert status.details[0].Unpack(info) and status.details[1].Unpack(request)
        fields = [violation.field for violation in request.field_violations]
        return [error.code().name, info.domain, info.reason, fields]


def start(*command, **more):
    request = session_pb2.StartSessionRequest(command=command, **more)
    response = unary('SessionService', 'StartSession', request, session_pb2.StartSessionResponse)
    return response.session


def output(calls):
    """Returns all output of a call, and the exit status that came last."""
    printed = b''
    status = None
    for response in calls:
        printed += response.output.data
        if response.HasField('exited'):
            status = response.exited.exit_status
    return [printed.hex(), status]


attach = converse('SessionService', 'AttachSession', session_pb2.AttachSessionRequest, session_pb2.AttachSessionResponse)


def attached(session, *requests):
    begin = session_pb2.AttachSessionRequest(attach=session_pb2.Attach(session_id=session.id))
    return attach(begin, *requests)


def raw():
    """Starts a program with an argument that is not UTF-8."""
    return output(attached(start(b'printf', b'%s', b'a\xe9', attach=True)))


def end_own_side():
    """Ends the requests of an attachment: the program's input stays open until close_input."""
    session = start(b'cat', input=True, attach=True)
    first = attached(session, session_pb2.AttachSessionRequest(input=b'x'))
    assert next(first).output.data == b'x'
    time.sleep(1)
    request = session_pb2.GetSessionRequest(session_id=session.id)
    now = unary('SessionService', 'GetSession', request, session_pb2.GetSessionResponse).session
    close = session_pb2.AttachSessionRequest(close_input=session_pb2.CloseInput())
    return [now.state == ENDED, output(attached(session, close))]


def end_login():
    """Ends the requests of a login before its prompt is answered."""
    begin = auth_pb2.LoginBegin(method=token_pb2.AUTH_METHOD_SSH, username='alice', purpose=1)
    call = converse('AuthService', 'Login', auth_pb2.LoginRequest, auth_pb2.LoginResponse)
    try:
        for response in call(auth_pb2.LoginRequest(begin=begin)):
            assert response.HasField('prompts')
    except grpc.RpcError as error:
        return error.code().name


def idle():
    """Pings ten times a second without a call, then makes one."""
    time.sleep(3)
    return who()


said = {act.__name__: act() for act in (who, wrong, raw, end_own_side, end_login, idle)}
print(json.dumps(said))
