// acceptd's own process: its errors, its limit of descriptors, its memory and its stderr.
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <vector>

#include "api.hh"
#include "fd.hh"

namespace {

struct Mapping {
  uintptr_t begin = 0;
  uintptr_t end = 0;
  bool isCleanFile = false;
};

/// File mappings without a private page: dropping their pages loses nothing, they come back from the page cache.
std::vector<Mapping> cleanFileMappings() {
  std::vector<Mapping> out;
  FILE* maps = fopen("/proc/self/smaps", "re");
  if (!maps) return out;
  char line[4096];
  Mapping current;
  const auto finish = [&] {
    if (current.isCleanFile) out.push_back(current);
  };
  while (fgets(line, sizeof line, maps)) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    char permissions[5] = {};
    char path[8] = {};
    long kibibytes = 0;
    const int fields = sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %7s", &begin, &end, permissions, path);
    if (fields >= 3) {
      finish();
      current = {begin, end, fields == 4 && path[0] == '/' && permissions[1] != 'w'};
    } else if (sscanf(line, "Anonymous: %ld kB", &kibibytes) == 1 || sscanf(line, "Swap: %ld kB", &kibibytes) == 1) {
      if (kibibytes != 0) current.isCleanFile = false;
    }
  }
  finish();
  fclose(maps);
  return out;
}

}  // namespace

/// errorText(errno): the text of strerror(3) as it stands behind a colon.
Napi::Value errorText(const Napi::CallbackInfo& info) {
  std::string text = strerror(integer(info, 0));
  if (text.size() > 1 && !isupper(text[1])) text[0] = static_cast<char>(tolower(text[0]));
  return Napi::String::New(info.Env(), text);
}

/// raiseDescriptorLimit([soft, hard]): lets acceptd have as many descriptors as it may, and tells the limits it found.
/// Node has raised the soft one before us, so what the user had set is not known any more.
Napi::Value raiseDescriptorLimit(const Napi::CallbackInfo& info) {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return number(info, -errno);
  auto found = info[0].As<Napi::Float64Array>();
  found[0] = static_cast<double>(limit.rlim_cur);
  found[1] = static_cast<double>(limit.rlim_max);
  limit.rlim_cur = limit.rlim_max;
  return number(info, setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0);
}

/// shareHeap(): threads allocate from the one heap of the C library, those that have allocated before from their own. Node's
/// have little to do here, and each would keep what it once used.
Napi::Value shareHeap(const Napi::CallbackInfo& info) {
#if defined(__GLIBC__)
  mallopt(M_ARENA_MAX, 1);
#endif
  return number(info, 0);
}

/// trimMemory(): gives free heap pages and the clean pages of files back to the kernel; for a server that is idle.
/// Takes a few milliseconds. PAGEOUT, not DONTNEED: it cannot lose a page that was written meanwhile.
Napi::Value trimMemory(const Napi::CallbackInfo& info) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
  size_t trimmed = 0;
  for (const auto& [begin, end, isCleanFile] : cleanFileMappings()) {
    if (madvise(reinterpret_cast<void*>(begin), end - begin, MADV_PAGEOUT) == 0) trimmed += end - begin;
  }
  return number(info, static_cast<double>(trimmed));
}

/// silenceStandardError(): lets go of the stderr that acceptd was started with; what is written there is lost from now on.
Napi::Value silenceStandardError(const Napi::CallbackInfo& info) {
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.isOpen() || dup2(null.get(), STDERR_FILENO) < 0) return number(info, -errno);
  return number(info, 0);
}

/// exitNow(status): without waiting for threads, which may stand in a look-up of a name.
Napi::Value exitNow(const Napi::CallbackInfo& info) { _exit(integer(info, 0)); }
