// The number that the kernel gives a socket (SO_COOKIE of socket(7)): no other has had it since the machine started.
#include <sys/socket.h>

#include <cstdint>

#include "api.hh"

/// socketCookie(fd): 64 bits, or null where the descriptor is no socket.
Napi::Value socketCookie(const Napi::CallbackInfo& info) {
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  const int result = getsockopt(integer(info, 0), SOL_SOCKET, SO_COOKIE, &cookie, &length);
  return result < 0 ? info.Env().Null() : Napi::BigInt::New(info.Env(), cookie).As<Napi::Value>();
}
