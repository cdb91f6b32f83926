import numpy as np
import onnx
import onnxruntime as ort

from models.onnx_file import Graph


def a_network():
    graph = Graph("net")
    kernel = np.random.default_rng(0).normal(size=(3, 1, 3, 3)).astype(np.float32)
    value = graph.node("Conv", ["x", graph.weights("kernel", kernel)], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})
    value = graph.node("LeakyRelu", [value], {"alpha": 0.25})
    graph.node("ReduceMean", [value], {"axes": [-1, -2], "keepdims": 0}, output="y")
    return kernel, graph.file(("x", (1, 1, "frames", 200)), ("y", (1, 3)))


def test_the_file_is_valid_by_the_standard_s_own_checker():
    kernel, content = a_network()

    model = onnx.load_from_string(content)

    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version == 17
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(model.graph.initializer[0]), kernel)
    assert list(model.graph.node[2].attribute[0].ints) == [-1, -2]
    assert model.graph.node[1].attribute[0].f == 0.25
    frames = model.graph.input[0].type.tensor_type.shape.dim
    assert [one.dim_param or one.dim_value for one in frames] == [1, 1, "frames", 200]


def test_it_runs_and_computes_what_was_written():
    kernel, content = a_network()
    x = np.random.default_rng(1).normal(size=(1, 1, 7, 200)).astype(np.float32)

    found = ort.InferenceSession(content).run(["y"], {"x": x})[0]

    padded = np.pad(x[0, 0], 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    convolved = np.einsum("ijkl,okl->oij", windows, kernel[:, 0])
    wanted = np.where(convolved > 0, convolved, 0.25 * convolved).mean(axis=(1, 2))
    np.testing.assert_allclose(found[0], wanted, atol=1e-5)
