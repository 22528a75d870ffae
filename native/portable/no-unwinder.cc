// Compiled into prebuilt addons only: lets one binary run on any glibc since 2.28 and on musl.
//
// libstdc++ is linked statically there, so that its version on the user's machine does not matter. But it was compiled
// with exceptions, and the unwinder they need asks for symbols that only a new glibc has (_dl_find_object, 2.35) and
// musl has not. The addon is built without exceptions: where the library would throw, it can only stop. These
// definitions say so, and keep the unwinder out. What is left are symbols that both C libraries have; `check` proves it.
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

[[noreturn]] void stop(const char* what) {
  fprintf(stderr, "acceptd: the addon stops: %s\n", what);
  abort();
}

void* allocate(std::size_t size) {
  void* memory = malloc(size == 0 ? 1 : size);
  if (memory == nullptr) stop("out of memory");
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return malloc(size == 0 ? 1 : size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return malloc(size == 0 ? 1 : size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const std::size_t step = static_cast<std::size_t>(alignment);
  void* memory = aligned_alloc(step, (size + step - 1) / step * step);
  if (memory == nullptr) stop("out of memory");
  return memory;
}
void operator delete(void* memory, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { free(memory); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { free(memory); }

namespace std {

void __throw_bad_alloc() { stop("out of memory"); }
void __throw_bad_array_new_length() { stop("an array that is too long"); }
void __throw_bad_function_call() { stop("an empty function was called"); }
void __throw_bad_cast() { stop("a bad cast"); }
void __throw_bad_optional_access() { stop("an empty optional was read"); }
void __throw_length_error(const char* where) { stop(where); }
void __throw_logic_error(const char* where) { stop(where); }
void __throw_invalid_argument(const char* where) { stop(where); }
void __throw_out_of_range(const char* where) { stop(where); }
void __throw_out_of_range_fmt(const char* where, ...) { stop(where); }
void __throw_system_error(int) { stop("a system error in the C++ library"); }

void terminate() noexcept { stop("a broken promise not to throw"); }

}  // namespace std

// Guards of variables inside functions: the library's throw when a guard is entered twice.
extern "C" {
int __cxa_guard_acquire(std::atomic<unsigned char>* guard) {
  for (unsigned char expected = 0; !guard[0].load(std::memory_order_acquire); expected = 0) {
    if (guard[1].compare_exchange_strong(expected, 1)) return 1;
    sched_yield();
  }
  return 0;
}
void __cxa_guard_release(std::atomic<unsigned char>* guard) {
  guard[0].store(1, std::memory_order_release);
}
}

// What the exception tables and landing pads of the library refer to; never reached, for nothing throws.
extern "C" {
void __gxx_personality_v0() { stop("an exception"); }
void _Unwind_Resume(void*) { stop("an exception"); }
void* __cxa_allocate_exception(std::size_t) noexcept { stop("an exception"); }
void __cxa_free_exception(void*) noexcept { stop("an exception"); }
void __cxa_throw(void*, void*, void (*)(void*)) { stop("an exception"); }
void* __cxa_begin_catch(void*) noexcept { stop("an exception"); }
void __cxa_end_catch() { stop("an exception"); }
void __cxa_rethrow() { stop("an exception"); }
void __cxa_pure_virtual() { stop("a pure virtual function was called"); }
}

// Names that glibc gave a new version: stat in 2.33, pthread_sigmask in 2.32 (a thread's mask is the same thing here).
extern "C" {
int pthread_sigmask(int how, const sigset_t* set, sigset_t* previous) noexcept {
  return sigprocmask(how, set, previous) == 0 ? 0 : errno;
}
int fstat(int fd, struct stat* result) noexcept { return static_cast<int>(syscall(SYS_fstat, fd, result)); }
int stat(const char* path, struct stat* result) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, result, 0));
}
int lstat(const char* path, struct stat* result) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW));
}
// Newer than the musl of many machines (1.2.5). The offset is one word on 64-bit processors; the second is not looked at.
ssize_t pwritev2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  return syscall(SYS_pwritev2, fd, parts, count, offset, 0L, flags);
}
// libgcc asks for it by the name that only glibc has, to see whether an ARM processor has atomic instructions.
unsigned long __getauxval(unsigned long type) { return getauxval(type); }
// The library asks it whether counters need atomic instructions; glibc has it since 2.32. Saying no is always right.
extern char __libc_single_threaded;
char __libc_single_threaded = 0;

// What only glibc has, and the addon can do without. The linker sends its calls here (--wrap).
[[gnu::weak]] int __real_malloc_trim(std::size_t);
int __wrap_malloc_trim(std::size_t left) { return __real_malloc_trim == nullptr ? 0 : __real_malloc_trim(left); }
[[gnu::weak]] int __real_getrpcbyname_r(const char*, rpcent*, char*, std::size_t, rpcent**);
int __wrap_getrpcbyname_r(const char* name, rpcent* entry, char* buffer, std::size_t size, rpcent** result) {
  if (__real_getrpcbyname_r != nullptr) return __real_getrpcbyname_r(name, entry, buffer, size, result);
  *result = nullptr;
  return 0;
}
}
