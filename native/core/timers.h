// A timing wheel for deadlines that are moved far more often than they fire. A node stays where it is while its deadline moves
// into the future; it is looked at when its slot comes round and put into a later slot if it is not yet due. So raising a
// deadline is one store.
#pragma once
#include <cstdint>

namespace parapet {

struct TimerNode {
    TimerNode* next = nullptr;
    TimerNode* prev = nullptr;
    std::uint64_t deadline_ms = 0;  // 0: not running
    std::uint64_t linked_ms = 0;    // the deadline that chose the slot
    [[nodiscard]] bool linked() const noexcept { return next != nullptr; }
};

class TimerWheel {
public:
    static constexpr std::uint32_t tick_ms = 16;
    static constexpr std::uint32_t slots = 4096;  // 65 s a turn

    TimerWheel() noexcept {
        for (TimerNode& head : heads_) head.next = head.prev = &head;
    }
    /// Says what time it is before the first timer is set.
    void start(std::uint64_t now_ms) noexcept { tick_ = now_ms / tick_ms; }
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Sets or moves a deadline (monotonic milliseconds).
    void set(TimerNode& node, std::uint64_t deadline_ms) noexcept {
        node.deadline_ms = deadline_ms;
        if (!node.linked()) {
            link(node);
        } else if (deadline_ms < node.linked_ms) {
            unlink(node);
            link(node);
        }
    }

    /// Stops a timer; the node may stay in its slot until the slot comes round.
    static void stop(TimerNode& node) noexcept { node.deadline_ms = 0; }

    /// Takes the node out of the wheel: before its memory goes away.
    void remove(TimerNode& node) noexcept {
        node.deadline_ms = 0;
        if (node.linked()) unlink(node);
    }

    /// Calls `fire(node)` for every node that is due. Firing may set, stop or remove any node.
    template <typename Fire>
    void advance(std::uint64_t now_ms, Fire&& fire) noexcept {
        const std::uint64_t target = now_ms / tick_ms;
        if (target - tick_ > slots) tick_ = target - slots;
        while (tick_ < target) {
            ++tick_;
            TimerNode& head = heads_[tick_ % slots];
            // The slot's nodes move to a list of their own first, so that a node set again into this slot is not seen twice.
            TimerNode work;
            if (head.next == &head) continue;
            work.next = head.next;
            work.prev = head.prev;
            work.next->prev = &work;
            work.prev->next = &work;
            head.next = head.prev = &head;
            while (work.next != &work) {
                TimerNode& node = *work.next;
                unlink(node);
                if (node.deadline_ms == 0) continue;
                if (node.deadline_ms > now_ms) {
                    link(node);
                    continue;
                }
                node.deadline_ms = 0;
                fire(node);
            }
        }
    }

private:
    void link(TimerNode& node) noexcept {
        node.linked_ms = node.deadline_ms;
        std::uint64_t at = (node.deadline_ms + tick_ms - 1) / tick_ms;
        if (at <= tick_) at = tick_ + 1;
        if (at > tick_ + slots - 1) at = tick_ + slots - 1;
        TimerNode& head = heads_[at % slots];
        node.prev = head.prev;
        node.next = &head;
        head.prev->next = &node;
        head.prev = &node;
    }
    static void unlink(TimerNode& node) noexcept {
        node.prev->next = node.next;
        node.next->prev = node.prev;
        node.next = node.prev = nullptr;
    }

    TimerNode heads_[slots];
    std::uint64_t tick_ = 0;
};

}  // namespace parapet
