// The load loop: many clients in one thread, each from its connect to its end, every moment stamped where it happens.
//
// Nothing is allocated and no lock is taken for a connection: samples go through a ring that JavaScript empties.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "fd.hh"
#include "moment.hh"

/// As momentNow() gives it.
using Moment = double;

/// How a connection failed; src/measure/result.ts has the names in this order.
enum class LoadError : uint8_t {
  None,
  Refused,
  Reset,
  Timeout,
  Short,
  WrongAnswer,
  Unreachable,
  NoPort,
  NoDescriptor,
  Other,
};

/// One connection as JavaScript reads it: eight doubles; moments are 0 when they were not reached.
struct Sample {
  Moment intended;
  Moment started;
  Moment connected;
  Moment firstByte;
  Moment lastByte;
  Moment ended;
  double error;
  double port;
};

/// The ring: a header of 64 bytes, then samples. The loop writes, JavaScript reads; both only ever count upwards.
struct RingHeader {
  std::atomic<uint32_t> written;
  std::atomic<uint32_t> read;
  uint32_t reserved[2];
  /// When the run began; 0 before.
  std::atomic<double> begunAt;
  uint32_t more[10];
};
static_assert(sizeof(RingHeader) == 64 && sizeof(Sample) == 64);

struct LoadPlan {
  sockaddr_storage address = {};
  socklen_t addressLength = 0;
  int socketType = SOCK_STREAM;
  size_t clients = 1;
  bool isOpenLoop = false;
  std::vector<Moment> arrivals;  // counted from the start of the run, rising
  double warmUp = 0;
  double duration = 0;
  double count = 0;
  double timeout = 0;
  std::string sends;
  std::string expects;
  bool endsAtAnswer = false;
  bool shutsDown = false;
  bool resets = false;
  bool tellsPorts = false;
  uint32_t firstSource = 0;  // host order
  uint32_t sources = 0;
};

struct LoadSummary {
  Moment begunAt = 0;
  Moment measuredFrom = 0;
  Moment measuredUntil = 0;
  double clientTime = 0;
  double clientConnections = 0;
  double unfinished = 0;
  double unrecorded = 0;
  double late = 0;
};

class LoadLoop {
 public:
  LoadLoop(LoadPlan plan, RingHeader* ring, size_t capacity);
  LoadLoop(const LoadLoop&) = delete;
  LoadLoop& operator=(const LoadLoop&) = delete;

  /// 0 or -errno.
  [[nodiscard]] int open();
  /// Runs in the caller's thread until the plan is done or somebody stopped it.
  [[nodiscard]] LoadSummary run();
  /// From any thread: nothing begins any more, and what is under way is left.
  void stop();

 private:
  struct Client {
    int fd = -1;
    bool isOpen = false;
    bool isConnected = false;
    bool isWrong = false;
    uint32_t interest = 0;  // what epoll watches the socket for; 0: not yet there
    size_t sent = 0;
    size_t received = 0;
    Sample sample = {};
  };

  [[nodiscard]] bool mayBegin(Moment now) const;
  void beginDue();
  void begin(Client& client, Moment intended);
  [[nodiscard]] LoadError openSocket(Client& client);
  void connectAgain(Client& client);
  void proceed(Client& client);
  [[nodiscard]] bool send(Client& client);
  void receive(Client& client, uint32_t events);
  void take(Client& client, const char* bytes, size_t length);
  void watch(Client& client);
  void endWithAnswer(Client& client);
  void end(Client& client, LoadError error);
  void release(Client& client);
  void rest(Client& client);
  void record(const Sample& sample);
  void endOverdue();
  void markWindow();
  void armTimer();

  LoadPlan plan_;
  RingHeader* ring_;
  Sample* samples_;
  size_t capacity_;
  Fd epoll_;
  Fd timer_;
  Fd wake_;
  std::atomic<bool> isStopped_ = false;
  std::vector<char> buffer_;
  std::vector<Client> clients_;
  std::vector<Client*> free_;
  /// Clients that try again in a while: closed loop after a failure, or a unix socket whose queue was full.
  std::vector<Client*> resting_;
  Moment restUntil_ = 0;
  size_t nextArrival_ = 0;
  /// The last moment at which no client was free.
  Moment fullUntil_ = 0;
  uint32_t nextSource_ = 0;
  size_t open_ = 0;
  double measured_ = 0;  // connections that began within the measured part
  double ended_ = 0;
  double timeBefore_ = -1;
  double endedBefore_ = 0;
  bool isTimed_ = false;
  Moment now_ = 0;
  Moment lastEnd_ = 0;
  Moment armedFor_ = 0;
  LoadSummary summary_;
};
