// The kernel's own stamps of what processes do: forks, execs and ends, from perf events on every processor.
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <vector>

#include "api.hh"
#include "fd.hh"

namespace {

/// One thing that a process did, as JavaScript reads it: four doubles.
struct Happening {
  double kind;  // its place in src/native/tracer.ts
  double pid;
  double parent;  // of a fork only
  double moment;  // nanoseconds on CLOCK_MONOTONIC_RAW
};

enum Kind { kFork, kExec, kExit };

/// Where less memory may be locked, smaller rings will do for smaller loads.
constexpr size_t kSmallestRing = size_t{1} << 16;

// Bodies of records as perf_event_open(2) has them; behind each stands a SampleId, because the event asks for it.
struct TaskBody {
  uint32_t pid, parentPid, tid, parentTid;
  uint64_t time;
};
struct LostBody {
  uint64_t id, lost;
};
struct SampleId {
  uint32_t pid, tid;
  uint64_t time;
};

/// The records of one processor: the kernel writes at the head, we read at the tail.
class Ring {
 public:
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  Ring(Fd event, void* memory, size_t page, size_t size)
      : event_(std::move(event)), memory_(memory), page_(page), size_(size) {}
  ~Ring() { munmap(memory_, page_ + size_); }

  /// Gives each record's header and its bytes to `take` until that says it has no room; the one it then had stays.
  template <typename Take>
  void read(const Take& take) {
    auto* control = static_cast<perf_event_mmap_page*>(memory_);
    // what was written before the head moved is seen after this, and ours is read before the tail moves
    const uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = control->data_tail;
    while (tail < head) {
      perf_event_header header;
      copy(tail, &header, sizeof header);
      if (header.size < sizeof header) break;
      alignas(8) char body[kLargestBody];
      const size_t length = std::min<size_t>(header.size - sizeof header, sizeof body);
      copy(tail + sizeof header, body, length);
      if (!take(header, body, length)) break;
      tail += header.size;
    }
    __atomic_store_n(&control->data_tail, tail, __ATOMIC_RELEASE);
  }

 private:
  /// Larger ones are none of those we know.
  static constexpr size_t kLargestBody = 256;

  /// A record may begin at the ring's end and go on at its start.
  void copy(uint64_t from, void* to, size_t length) const {
    const char* ring = static_cast<const char*>(memory_) + page_;
    const size_t start = from & (size_ - 1);
    const size_t first = std::min(length, size_ - start);
    memcpy(to, ring + start, first);
    memcpy(static_cast<char*>(to) + first, ring, length - first);
  }

  Fd event_;
  void* memory_;
  size_t page_;
  size_t size_;  // a power of two
};

struct Tracer {
  std::vector<std::unique_ptr<Ring>> rings;
  double lost = 0;
};

template <typename Body>
Body bodyOf(const char* bytes) {
  Body body;
  memcpy(&body, bytes, sizeof body);
  return body;
}

/// Whether a record is a happening; threads that are not the first of their process do not count.
bool isHappening(const perf_event_header& header, const char* body, size_t length, Happening& out) {
  if (header.type == PERF_RECORD_FORK || header.type == PERF_RECORD_EXIT) {
    if (length < sizeof(TaskBody)) return false;
    const auto task = bodyOf<TaskBody>(body);
    const bool isFork = header.type == PERF_RECORD_FORK;
    out = {isFork ? double{kFork} : double{kExit}, static_cast<double>(task.pid),
           isFork ? static_cast<double>(task.parentPid) : 0, static_cast<double>(task.time)};
    return task.pid == task.tid && task.pid != 0;
  }
  if (header.type == PERF_RECORD_COMM && (header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0) {
    if (length < 8 + sizeof(SampleId)) return false;
    const auto id = bodyOf<SampleId>(body + length - sizeof(SampleId));
    out = {double{kExec}, static_cast<double>(id.pid), 0, static_cast<double>(id.time)};
    return id.pid == id.tid && id.pid != 0;
  }
  return false;
}

perf_event_attr taskEvents() {
  perf_event_attr wanted = {};
  wanted.size = sizeof wanted;
  wanted.type = PERF_TYPE_SOFTWARE;
  wanted.config = PERF_COUNT_SW_DUMMY;
  wanted.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
  wanted.sample_id_all = 1;
  wanted.task = 1;
  wanted.comm = 1;
  wanted.comm_exec = 1;
  wanted.use_clockid = 1;
  wanted.clockid = CLOCK_MONOTONIC_RAW;
  // nobody is woken: the rings are looked at from time to time
  wanted.watermark = 1;
  wanted.wakeup_watermark = UINT32_MAX;
  return wanted;
}

/// 0 or -errno.
int openRing(Tracer& tracer, int processor, size_t largest) {
  perf_event_attr wanted = taskEvents();
  const auto number = syscall(SYS_perf_event_open, &wanted, -1, processor, -1, PERF_FLAG_FD_CLOEXEC);
  if (number < 0) return -errno;
  Fd event(static_cast<int>(number));
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (size_t size = largest;; size /= 2) {
    void* memory = mmap(nullptr, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, event.get(), 0);
    if (memory != MAP_FAILED) {
      tracer.rings.push_back(std::make_unique<Ring>(std::move(event), memory, page, size));
      return 0;
    }
    if ((errno != EPERM && errno != ENOMEM) || size <= kSmallestRing) return -errno;
  }
}

Tracer* tracerOf(const Napi::CallbackInfo& info) { return info[0].As<Napi::External<Tracer>>().Data(); }

}  // namespace

/// openTracer(ringBytes): a handle, or -errno; the ring of a processor has so many bytes, a power of two of pages.
Napi::Value openTracer(const Napi::CallbackInfo& info) {
  auto tracer = std::make_unique<Tracer>();
  const auto largest = static_cast<size_t>(integer(info, 0));
  const long processors = sysconf(_SC_NPROCESSORS_CONF);
  for (int processor = 0; processor < processors; processor++) {
    const int result = openRing(*tracer, processor, largest);
    // one that is switched off makes no records
    if (result < 0 && result != -ENODEV) return number(info, result);
  }
  if (tracer->rings.empty()) return number(info, -ENODEV);
  return Napi::External<Tracer>::New(info.Env(), tracer.release(), [](Napi::Env, Tracer* owned) { delete owned; });
}

/// readTracer(tracer, happenings): how many were written to the array of doubles, four each; full: there may be more.
Napi::Value readTracer(const Napi::CallbackInfo& info) {
  Tracer& tracer = *tracerOf(info);
  auto array = info[1].As<Napi::Float64Array>();
  auto* out = reinterpret_cast<Happening*>(array.Data());
  const size_t room = array.ByteLength() / sizeof(Happening);
  size_t count = 0;
  for (const auto& ring : tracer.rings) {
    ring->read([&](const perf_event_header& header, const char* body, size_t length) {
      if (count == room) return false;
      if (header.type == PERF_RECORD_LOST && length >= sizeof(LostBody)) {
        tracer.lost += static_cast<double>(bodyOf<LostBody>(body).lost);
      } else if (isHappening(header, body, length, out[count])) {
        count++;
      }
      return true;
    });
  }
  return number(info, static_cast<double>(count));
}

/// countLost(tracer): records for which there was no room, since it was opened.
Napi::Value countLost(const Napi::CallbackInfo& info) { return number(info, tracerOf(info)->lost); }

/// closeTracer(tracer): the kernel stamps nothing for it any more; reading it finds nothing.
Napi::Value closeTracer(const Napi::CallbackInfo& info) {
  tracerOf(info)->rings.clear();
  return number(info, 0);
}
