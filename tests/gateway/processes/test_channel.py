import multiprocessing
import queue
import threading

import pytest

from gateway.processes.channel import Channel, ChannelClosed


def a_pair(bound=10):
    ours, theirs = multiprocessing.Pipe()
    return Channel(ours, "them", bound), theirs


def test_messages_arrive_in_order():
    channel, other_end = a_pair()
    for number in range(5):
        assert channel.send(number)
    assert [other_end.recv() for _ in range(5)] == [0, 1, 2, 3, 4]
    channel.close()


def test_a_full_channel_drops_and_counts_and_never_blocks():
    channel, other_end = a_pair(bound=3)
    big = b"x" * 10_000_000  # more than any pipe holds, so that the sender waits on a reader who does not read
    sent = [channel.send(big) for _ in range(10)]
    assert not all(sent)
    assert channel.dropped == sent.count(False)
    other_end.close()
    channel.close(0)


def test_receive_hands_over_all_that_waits_and_then_says_that_the_other_end_is_gone():
    channel, other_end = a_pair()
    other_end.send("one")
    other_end.send("two")
    assert channel.receive(5) == ["one", "two"]
    assert channel.receive(0) == []
    other_end.close()
    with pytest.raises(ChannelClosed, match="them is gone"):
        channel.receive(5)
    channel.close()


def test_a_listener_hears_each_message_and_once_that_the_other_end_is_gone():
    channel, other_end = a_pair()
    heard: queue.Queue[object] = queue.Queue()
    gone = threading.Event()
    channel.listen(heard.put, gone.set)
    other_end.send("hello")
    assert heard.get(timeout=10) == "hello"
    other_end.close()
    assert gone.wait(10)
    assert not channel.send("into the void")
    channel.close()


def test_closing_lets_what_is_queued_go_out_first():
    channel, other_end = a_pair()
    channel.send("last words")
    channel.close(5)
    assert other_end.recv() == "last words"
