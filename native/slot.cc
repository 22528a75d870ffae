// The memory of a start, and the variables that are written into it each time.
#include "slot.hh"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <string_view>
#include <utility>

/// Memory in which variables are written one after the other.
class VariableRoom {
 public:
  VariableRoom(char* memory, size_t size) : next_(memory), end_(memory + size) {}

  /// Where the value goes; null when there is no room for the name and so many bytes.
  [[nodiscard]] char* begin(std::string_view prefix, size_t atMost) {
    if (prefix.size() + atMost > static_cast<size_t>(end_ - next_)) return nullptr;
    memcpy(next_, prefix.data(), prefix.size());
    value_ = next_ + prefix.size();
    return value_;
  }

  /// The variable, whose value takes so many bytes with what ends it. Until then nothing has been taken.
  char* end(size_t taken) { return std::exchange(next_, value_ + taken); }

 private:
  char* next_;
  char* value_ = nullptr;
  char* end_;
};

namespace {

constexpr size_t kGuard = 4096;
constexpr size_t kVariables = 8192;
constexpr size_t kSlotMemory = kGuard + kStackSize + kVariables;
/// Digits of a pid, and of an inode of 64 bits, with what ends them.
constexpr size_t kPidRoom = 12;
constexpr size_t kInodeRoom = 21;
constexpr size_t kInvocationBytes = 16;
constexpr size_t kInvocationRoom = 2 * kInvocationBytes + 1;

bool writeInvocation(char* out) {
  unsigned char bytes[kInvocationBytes];
  // never interrupted and never short, once the kernel has its first randomness
  if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != sizeof bytes) return false;
  constexpr char digits[] = "0123456789abcdef";
  for (const unsigned char byte : bytes) {
    *out++ = digits[byte >> 4];
    *out++ = digits[byte & 15];
  }
  *out = '\0';
  return true;
}

}  // namespace

Slot::~Slot() {
  if (memory) munmap(memory, kSlotMemory);
  if (mailbox) munmap(mailbox, sizeof(Mailbox));
}

bool Slot::allocate() {
  const int protection = PROT_READ | PROT_WRITE;
  void* mapped = mmap(nullptr, kSlotMemory, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED) return false;
  memory = static_cast<char*>(mapped);
  mprotect(memory, kGuard, PROT_NONE);
  void* shared = mmap(nullptr, sizeof(Mailbox), protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return false;
  mailbox = new (shared) Mailbox();
  return true;
}

char* Slot::stack() const { return memory + kGuard; }

void Slot::closeAll() {
  for (const int descriptor : toClose) close(descriptor);
  toClose.clear();
}

bool Slot::writeVariables(const Record* record, int handed) {
  VariableRoom room(stackTop(), kVariables);
  environment.assign(recipe->environment.begin(), recipe->environment.end());
  if (!writeOwn(room)) return false;
  if (record && !writeDynamic(room, *record, handed)) return false;
  const size_t last = environment.size();
  if (!writePidfd(room)) return false;
  environment.push_back(nullptr);
  plan.pidfdEntry = &environment[last];
  return true;
}

bool Slot::writeOwn(VariableRoom& room) {
  pids.clear();
  for (const std::string& prefix : recipe->pidPrefixes) {
    char* digits = room.begin(prefix, kPidRoom);
    if (!digits) return false;
    pids.push_back(digits);
    environment.push_back(room.end(kPidRoom));
  }
  pids.push_back(nullptr);
  plan.pids = pids.data();
  if (!recipe->hasInvocationId) return true;
  char* digits = room.begin("INVOCATION_ID=", kInvocationRoom);
  if (!digits || !writeInvocation(digits)) return false;
  environment.push_back(room.end(kInvocationRoom));
  return true;
}

bool Slot::writeDynamic(VariableRoom& room, const Record& given, int handed) {
  const Record record = recipe->tellsLocal ? withLocal(given, handed) : given;
  for (const auto& [prefix, field] : recipe->dynamicVariables) {
    char* text = room.begin(prefix, lengthOf(field) + 1);
    if (!text) return false;
    const size_t length = formatField(record, handed, field, text);
    if (length == 0) continue;
    text[length] = '\0';
    environment.push_back(room.end(length + 1));
  }
  return true;
}

/// The last one, so that the child can take it out.
bool Slot::writePidfd(VariableRoom& room) {
  plan.pidfd = nullptr;
  if (!recipe->hasPidfdVariable) return true;
  plan.pidfd = room.begin("LISTEN_PIDFDID=", kInodeRoom);
  if (!plan.pidfd) return false;
  environment.push_back(room.end(kInodeRoom));
  return true;
}
