// One process at a time: a file that is locked (flock(2)) for as long as the process lives, and whose text says who it is.
#pragma once
#include <string>

namespace parapet {

/// Takes the lock and writes `holder` into the file; the descriptor stays open until the process ends. 1: taken; 0: another
/// process holds it, and `holder` is now the text that it left; -errno: the file cannot be opened or locked.
int take_lock(const char* path, std::string& holder) noexcept;

}  // namespace parapet
