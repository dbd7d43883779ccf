// A mutex for shared memory that survives its holder: it may be taken by another process, and whoever takes it after a
// holder has died is told so and must repair what it guards before going on.
//
// Order of locks: one shard at a time, then at most one arena inside it. Nothing is called and no system call is made under either.
#pragma once

#include <pthread.h>

#include <cerrno>

namespace parapet::store {

// A broken promise of the caller or of this code: going on would corrupt memory that all workers share.
inline void insist(bool holds) {
  if (!holds) [[unlikely]] __builtin_trap();
}

class Lock {
 public:
  void init() {
    pthread_mutexattr_t attributes;
    insist(pthread_mutexattr_init(&attributes) == 0);
    insist(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
    insist(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
    insist(pthread_mutex_init(&mutex_, &attributes) == 0);
    pthread_mutexattr_destroy(&attributes);
  }

  // True: the last holder died with the lock; repair, then `repaired`.
  bool take() {
    const int result = pthread_mutex_lock(&mutex_);
    insist(result == 0 || result == EOWNERDEAD);
    return result == EOWNERDEAD;
  }
  void repaired() { insist(pthread_mutex_consistent(&mutex_) == 0); }
  void give() { insist(pthread_mutex_unlock(&mutex_) == 0); }

 private:
  pthread_mutex_t mutex_;
};

}  // namespace parapet::store
