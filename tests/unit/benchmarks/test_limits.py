"""What a decoding step has to read and compute at least."""

from benchmarks.common.limits import decoding_bytes, decoding_flops, layer_shapes, matmul_flops, read_bytes

SHAPE = {"hidden": 128, "heads": 2, "kv_heads": 1, "intermediate": 256, "vocab": 300, "layers": 3}
WEIGHTS = 3 * (128 * 256 + 128 * 128 + 128 * 512 + 256 * 128) + 128 * 300


def test_the_products_of_a_layer_are_those_of_grouped_attention_and_a_gated_feed_forward_part() -> None:
    assert layer_shapes(SHAPE) == {
        "attention, in": (128, 256),
        "attention, out": (128, 128),
        "feed-forward, in": (128, 512),
        "feed-forward, out": (256, 128),
        "vocabulary": (128, 300),
    }


def test_a_decoding_step_reads_the_weights_once_and_each_sequences_own_keys_and_values() -> None:
    assert decoding_bytes(SHAPE, 0, 10.0) == 4 * WEIGHTS
    assert decoding_bytes(SHAPE, 8, 10.0) - decoding_bytes(SHAPE, 0, 10.0) == 8 * 10 * 3 * 2 * 64 * 4


def test_a_decoding_step_multiplies_each_sequence_with_each_weight() -> None:
    assert decoding_flops(SHAPE, 8) == 2 * 8 * WEIGHTS


def test_what_is_measured_is_a_rate() -> None:
    assert matmul_flops(8, 8, 8) > 0
    assert read_bytes(1 << 12) > 0
