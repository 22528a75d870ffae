// Another program in place of this one, which may be the next version of acceptd: same pid, same children, and the
// descriptors that it is to have; all else is closed by the exec.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "api.hh"
#include "early-signal.hh"
#include "engine.hh"

namespace {

std::vector<std::string> textsOf(const Napi::Value& value) {
  auto array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  texts.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) texts.push_back(text(array.Get(i)));
  return texts;
}

/// As execve(2) wants them; they stay the caller's.
std::vector<char*> pointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& each : texts) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

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

constexpr std::array kStandard = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};

/// How the program finds its signals; the destructor is for where there is no program.
class SignalsOfNext {
 public:
  /// `isHeld`: what comes from here on waits for it, since the mask goes over and so does what is pending. What Node
  /// ignores is ignored there too. Otherwise all is at its default and nothing is blocked.
  explicit SignalsOfNext(bool isHeld) : isHeld_(isHeld) {
    sigset_t mask;
    if (isHeld_) {
      sigfillset(&mask);
    } else {
      sigemptyset(&mask);
      // a signal that is caught gets its default from execve(2) itself
      struct sigaction standard = {};
      standard.sa_handler = SIG_DFL;
      for (size_t i = 0; i < kIgnored.size(); i++) sigaction(kIgnored[i], &standard, &before_[i]);
    }
    pthread_sigmask(SIG_SETMASK, &mask, &blocked_);
  }
  ~SignalsOfNext() {
    pthread_sigmask(SIG_SETMASK, &blocked_, nullptr);
    if (isHeld_) return;
    for (size_t i = 0; i < kIgnored.size(); i++) sigaction(kIgnored[i], &before_[i], nullptr);
  }
  SignalsOfNext(const SignalsOfNext&) = delete;
  SignalsOfNext& operator=(const SignalsOfNext&) = delete;

 private:
  /// By Node.
  static constexpr std::array kIgnored = {SIGPIPE, SIGXFSZ};
  bool isHeld_;
  std::array<struct sigaction, kIgnored.size()> before_ = {};
  sigset_t blocked_ = {};
};

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

/// execProgram(path, [argument...], ["NAME=value"...], [fd...], followsUs): does not return, or gives -errno and nothing
/// has changed. The new program finds these descriptors and 0 to 2 at the numbers they have, and no others. What Node
/// ignores is at its default there, and no signal is blocked. `followsUs`: it is acceptd in our place, and signals wait
/// until it can hear them.
Napi::Value execProgram(const Napi::CallbackInfo& info) {
  const std::string path = text(info[0]);
  std::vector<std::string> words = textsOf(info[1]);
  std::vector<std::string> variables = textsOf(info[2]);
  const bool followsUs = info[4].ToBoolean().Value();
  if (followsUs) addPreload(variables);
  const std::vector<char*> argv = pointersTo(words);
  const std::vector<char*> environment = pointersTo(variables);
  auto listed = info[3].As<Napi::Int32Array>();
  const std::vector<int> descriptors(listed.Data(), listed.Data() + listed.ElementLength());

  const SignalsOfNext signals(followsUs);
  // whoever started us may have left us more than we know of
  syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  int error = 0;
  for (const int each : descriptors) {
    error = setInherited(each, true);
    if (error < 0) break;
  }
  if (error == 0) {
    // one of them may be closed
    for (const int each : kStandard) static_cast<void>(setInherited(each, true));
    execve(path.c_str(), argv.data(), environment.data());
    error = -errno;
  }
  for (const int each : descriptors) static_cast<void>(setInherited(each, false));
  for (const int each : kStandard) static_cast<void>(setInherited(each, false));
  return number(info, error);
}
