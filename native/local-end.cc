// The address of an accepted connection that its client has called: asked for only where somebody wants to know it.
#include <cerrno>
#include <cstring>

#include "api.hh"
#include "record.hh"

/// fillLocal(fd, record): writes the connection's own address into these 64 bytes, unless it is there.
Napi::Value fillLocal(const Napi::CallbackInfo& info) {
  auto bytes = info[1].As<Napi::Uint8Array>();
  if (bytes.ByteLength() != sizeof(Record)) return number(info, -EINVAL);
  Record record;
  memcpy(&record, bytes.Data(), sizeof record);
  record = withLocal(record, integer(info, 0));
  memcpy(bytes.Data(), &record, sizeof record);
  return number(info, 0);
}
