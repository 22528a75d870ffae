// What has a place in the file system: FIFOs, and who may reach the file of a socket.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "api.hh"
#include "fd.hh"

namespace {

/// A symbolic link in the last part of the path is not followed, and nobody can exchange the file between two steps.
Fd openPlace(const std::string& path) { return Fd(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)); }

/// As fchmod(2), which an O_PATH descriptor does not allow.
int changeMode(int place, mode_t mode) {
  const std::string name = "/proc/self/fd/" + std::to_string(place);
  return chmod(name.c_str(), mode) < 0 ? -errno : 0;
}

}  // namespace

/// dressSocket(path, uid, gid, mode): owner and then mode of a socket's file; -1 leaves an id. -ENOTSOCK where something
/// else is there.
Napi::Value dressSocket(const Napi::CallbackInfo& info) {
  const Fd place = openPlace(text(info[0]));
  struct stat found = {};
  if (!place.isOpen() || fstat(place.get(), &found) < 0) return number(info, -errno);
  if (!S_ISSOCK(found.st_mode)) return number(info, -ENOTSOCK);
  const auto uid = static_cast<uid_t>(info[1].As<Napi::Number>().Int64Value());
  const auto gid = static_cast<gid_t>(info[2].As<Napi::Number>().Int64Value());
  const bool isChanged = uid != static_cast<uid_t>(-1) || gid != static_cast<gid_t>(-1);
  if (isChanged && fchownat(place.get(), "", uid, gid, AT_EMPTY_PATH) < 0) return number(info, -errno);
  return number(info, changeMode(place.get(), static_cast<mode_t>(integer(info, 3))));
}

/// openFifo(path, uid, gid, mode): open for reading and writing and non-blocking, made where there is none. One that
/// exists is taken only with this mode and this owner, or one that is ours and becomes it: -EEXIST.
Napi::Value openFifo(const Napi::CallbackInfo& info) {
  const std::string path = text(info[0]);
  const auto uid = static_cast<uid_t>(info[1].As<Napi::Number>().Int64Value());
  const auto gid = static_cast<gid_t>(info[2].As<Napi::Number>().Int64Value());
  const auto mode = static_cast<mode_t>(integer(info, 3));
  // until it has its owner and mode, nobody else can open it
  const mode_t before = umask(0177);
  const bool isMade = mkfifo(path.c_str(), 0600) == 0;
  const int error = errno;
  umask(before);
  if (!isMade && error != EEXIST) return number(info, -error);
  Fd fifo(open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
  // a symbolic link, a directory, or what nobody reads
  if (!fifo.isOpen()) return number(info, errno == ELOOP || errno == EISDIR || errno == ENXIO ? -EEXIST : -errno);
  struct stat found = {};
  if (fstat(fifo.get(), &found) < 0) return number(info, -errno);
  if (!S_ISFIFO(found.st_mode)) return number(info, -EEXIST);
  const bool isForUser = uid != static_cast<uid_t>(-1);
  const bool isForGroup = gid != static_cast<gid_t>(-1);
  if (!isMade) {
    const bool isOwnersFile = found.st_uid == geteuid() || (isForUser && found.st_uid == uid);
    if (!isOwnersFile || (found.st_mode & 07777) != mode) return number(info, -EEXIST);
  }
  if ((isForUser || isForGroup) && fchown(fifo.get(), uid, gid) < 0) return number(info, -errno);
  if (fchmod(fifo.get(), mode) < 0) return number(info, -errno);
  return number(info, fifo.release());
}

/// dressFifo(fd, uid, gid, mode): owner and mode of an open FIFO; -1 leaves an id.
Napi::Value dressFifo(const Napi::CallbackInfo& info) {
  const int fifo = integer(info, 0);
  const auto uid = static_cast<uid_t>(info[1].As<Napi::Number>().Int64Value());
  const auto gid = static_cast<gid_t>(info[2].As<Napi::Number>().Int64Value());
  if (fchown(fifo, uid, gid) < 0) return number(info, -errno);
  return number(info, fchmod(fifo, static_cast<mode_t>(integer(info, 3))) < 0 ? -errno : 0);
}

/// setPipeSize(fd, bytes): the size that it has now, or -errno.
Napi::Value setPipeSize(const Napi::CallbackInfo& info) {
  const int size = fcntl(integer(info, 0), F_SETPIPE_SZ, integer(info, 1));
  return number(info, size < 0 ? -errno : size);
}

/// pipeSize(fd)
Napi::Value pipeSize(const Napi::CallbackInfo& info) {
  const int size = fcntl(integer(info, 0), F_GETPIPE_SZ);
  return number(info, size < 0 ? -errno : size);
}
