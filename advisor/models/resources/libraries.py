"""Rows for libraries that forked processes must not use once their parent has used them."""

from __future__ import annotations

from advisor.models.resources.resource import Resource

_START = "Start processes with spawn or forkserver, or use threads"
_ANEW = "each worker imports {name} itself"

LIBRARIES: tuple[Resource, ...] = (
    Resource(
        "library with threads",
        "library",
        "a library with its own threads",
        "safe",
        "unsafe",
        "safe",
        "",
        "forked processes do not have the threads of {name}, and can hang waiting for them",
        "",
        _START,
        "https://docs.pola.rs/user-guide/misc/multiprocessing/",
        _ANEW,
    ),
    Resource(
        "native thread pool",
        "library",
        "a library whose calls run on several cores",
        "safe",
        "unsafe",
        "safe",
        "",
        "forked processes do not have the thread pool of {name}, and can hang waiting for it",
        "",
        _START,
        "https://scikit-learn.org/stable/faq.html#why-do-i-sometimes-get-a-crash-freeze-with-n-jobs-1-under-osx-or-linux",
        _ANEW,
    ),
    Resource(
        "GPU context",
        "library",
        "a library with a GPU context",
        "safe",
        "unsafe",
        "safe",
        "",
        "forked processes cannot use the GPU through {name}: calls fail with “cannot re-initialize CUDA in forked "
        "subprocess” or similar",
        "",
        _START,
        "https://docs.pytorch.org/docs/stable/notes/multiprocessing.html#poison-fork-in-multiprocessing",
        _ANEW,
    ),
    Resource(
        "gRPC",
        "library",
        "a library that uses gRPC",
        "safe",
        "unsafe",
        "safe",
        "",
        "forked processes do not have the threads of gRPC, and calls through {name} hang or fail",
        "",
        "Start processes with spawn or forkserver and open channels in each worker, or use threads",
        "https://github.com/grpc/grpc/blob/master/doc/fork_support.md",
        _ANEW,
    ),
)

# Packages built on PyTorch, whose calls use its thread pool or its GPU context.
ON_TORCH = ("torch", "torchvision", "torchaudio", "transformers", "sentence_transformers", "diffusers", "ultralytics")

# The resource key of each library, by the package's name, so that nothing has to be imported.
PACKAGES: dict[str, str] = {
    "polars": "library with threads",
    "jax": "library with threads",  # https://github.com/jax-ml/jax/pull/18989
    "tensorflow": "library with threads",
    "keras": "library with threads",
    "lightgbm": "library with threads",  # https://lightgbm.readthedocs.io/en/stable/FAQ.html
    "confluent_kafka": "library with threads",
    "deltalake": "library with threads",  # its runtime refuses to work in a forked process
    "lance": "library with threads",  # https://lance.org/guide/performance/
    "lancedb": "library with threads",
    "s3fs": "library with threads",  # https://filesystem-spec.readthedocs.io/en/latest/async.html
    "gcsfs": "library with threads",
    "mpi4py": "library with threads",
    "onnxruntime": "library with threads",  # a session starts its threads when it is made
    "grpc": "gRPC",
    "google.cloud": "gRPC",
    "cupy": "GPU context",
    "cudf": "GPU context",
    "pycuda": "GPU context",
    "vllm": "GPU context",
    **dict.fromkeys(ON_TORCH, "native thread pool"),
    "sklearn": "native thread pool",
    "xgboost": "native thread pool",
    "catboost": "native thread pool",
    "faiss": "native thread pool",
    "numba": "native thread pool",  # https://numba.readthedocs.io/en/stable/user/threading-layer.html
    "cv2": "native thread pool",  # https://github.com/opencv/opencv/issues/5150
}


def library_of(module: str) -> str:
    """Return the package in PACKAGES that a module belongs to, or ''."""
    names = [module.rsplit(".", dots)[0] for dots in range(module.count(".") + 1)]
    return next((name for name in names if name in PACKAGES), "")
