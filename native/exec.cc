// The same process becomes the next version of acceptd: what is kept goes over by number, all else is closed by the exec.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "api.hh"
#include "early-signal.hh"
#include "engine.hh"

namespace {

/// Texts, and pointers to them that end with a null.
struct Texts {
  std::vector<std::string> texts;
  std::vector<char*> pointers;
  explicit Texts(const Napi::Array& from) {
    for (uint32_t index = 0; index < from.Length(); index++) texts.push_back(text(from.Get(index)));
  }
  [[nodiscard]] char** list() {
    for (auto& each : texts) pointers.push_back(each.data());
    pointers.push_back(nullptr);
    return pointers.data();
  }
};

/// After what is preloaded already, which has its reasons for being the first.
void addPreload(std::vector<std::string>& environment) {
  const std::string library = ownLibrary();
  if (library.empty()) return;
  constexpr std::string_view kName = "LD_PRELOAD=";
  const auto found = std::find_if(environment.begin(), environment.end(),
                                  [&](const std::string& each) { return each.starts_with(kName); });
  if (found == environment.end()) {
    environment.push_back(std::string(kName) + library);
  } else {
    *found += (found->size() == kName.size() ? "" : ":") + library;
  }
  environment.push_back(std::string(kPreloadMark) + "=1");
}

int writeAll(int descriptor, const uint8_t* bytes, size_t length) {
  while (length > 0) {
    const ssize_t written = write(descriptor, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -errno;
    bytes += written;
    length -= static_cast<size_t>(written);
  }
  return lseek(descriptor, 0, SEEK_SET) < 0 ? -errno : 0;
}

int setInherited(int descriptor, bool isInherited) {
  const int flags = fcntl(descriptor, F_GETFD);
  if (flags < 0) return -errno;
  const int wanted = isInherited ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
  return fcntl(descriptor, F_SETFD, wanted) < 0 ? -errno : 0;
}

}  // namespace

/// sealMemoryFile(name, bytes): a file in memory that nobody can change any more; its descriptor or -errno.
Napi::Value sealMemoryFile(const Napi::CallbackInfo& info) {
  Fd file(memfd_create(text(info[0]).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.isOpen()) return number(info, -errno);
  auto bytes = info[1].As<Napi::Uint8Array>();
  if (const int error = writeAll(file.get(), bytes.Data(), bytes.ByteLength()); error < 0) return number(info, error);
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(file.get(), F_ADD_SEALS, kSeals) < 0) return number(info, -errno);
  return number(info, file.release());
}

/// isSealed(fd): 1 where nobody can change it any more, 0, or -errno.
Napi::Value isSealed(const Napi::CallbackInfo& info) {
  const int seals = fcntl(integer(info, 0), F_GET_SEALS);
  if (seals < 0) return number(info, -errno);
  return number(info, (seals & F_SEAL_WRITE) != 0 ? 1 : 0);
}

/// isStarting(): whether a child is not its program yet, or has failed to become that and has not been reaped.
Napi::Value isStarting(const Napi::CallbackInfo& info) {
  SpawnEngine& spawn = engineOf(info.Env())->spawn;
  const bool hasLeft = spawn.closeLeft();
  return Napi::Boolean::New(info.Env(), !hasLeft || spawn.isStarting());
}

/// takeOver(descriptors, pids): what the version before us had: no child inherits the descriptors by accident, and the
/// children are reaped as ours, also those that ended when nobody listened.
Napi::Value takeOver(const Napi::CallbackInfo& info) {
  Engine& engine = *engineOf(info.Env());
  auto descriptors = info[0].As<Napi::Int32Array>();
  for (size_t index = 0; index < descriptors.ElementLength(); index++) {
    if (const int error = setInherited(descriptors[index], false); error < 0) return number(info, error);
    if (descriptors[index] >= engine.highBase) engine.spawn.countRaised(descriptors[index]);
  }
  auto pids = info[1].As<Napi::Int32Array>();
  for (size_t index = 0; index < pids.ElementLength(); index++) engine.spawn.adopt(pids[index]);
  sweepSoon(engine);
  return number(info, 0);
}

/// executeAgain(file, arguments, environment, descriptors): does not return where it succeeds; else -errno, and all is
/// as it was.
Napi::Value executeAgain(const Napi::CallbackInfo& info) {
  const std::string file = text(info[0]);
  Texts arguments(info[1].As<Napi::Array>());
  Texts environment(info[2].As<Napi::Array>());
  addPreload(environment.texts);
  auto descriptors = info[3].As<Napi::Int32Array>();
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // what comes from here on waits for the next version: the mask goes over, and so does what is pending
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  size_t opened = 0;
  for (; opened < descriptors.ElementLength() && error == 0; opened++) error = setInherited(descriptors[opened], true);
  if (error == 0) {
    // caught signals fall back to their default by themselves; what Node ignores, Node ignores again
    execve(file.c_str(), arguments.list(), environment.list());
    error = -errno;
  }
  while (opened > 0) static_cast<void>(setInherited(descriptors[--opened], false));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return number(info, error);
}
