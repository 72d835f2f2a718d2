"""Libraries that forked processes cannot use once their parent has: threads, contexts and channels of native code."""

from __future__ import annotations

from advisor.models.resources.resource import Resource

_START = "Start processes by spawn or forkserver, or use threads"
_ANEW = "each imports {name} anew"

LIBRARIES: tuple[Resource, ...] = (
    Resource(
        "library with threads",
        "library",
        "a library with threads of its own",
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
        "a library with a context on the GPU",
        "safe",
        "unsafe",
        "safe",
        "",
        "forked processes cannot use the GPU through {name}: calls fail with “cannot re-initialize CUDA in forked "
        "subprocess” or the like",
        "",
        _START,
        "https://docs.pytorch.org/docs/stable/notes/multiprocessing.html#poison-fork-in-multiprocessing",
        _ANEW,
    ),
    Resource(
        "gRPC",
        "library",
        "a library on gRPC",
        "safe",
        "unsafe",
        "safe",
        "",
        "forked processes do not have the threads of gRPC, and calls through {name} hang or fail",
        "",
        "Start processes by spawn or forkserver and open channels in each worker, or use threads",
        "https://github.com/grpc/grpc/blob/master/doc/fork_support.md",
        _ANEW,
    ),
)

# Packages whose calls run on PyTorch, and so on its thread pool or in its context on the GPU.
ON_TORCH = ("torch", "torchvision", "torchaudio", "transformers", "sentence_transformers", "diffusers", "ultralytics")

# The resource that a library is, by the package's name. Nothing is imported to find out.
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
    """Return the package of the table that a module belongs to, or ''."""
    names = [module.rsplit(".", dots)[0] for dots in range(module.count(".") + 1)]
    return next((name for name in names if name in PACKAGES), "")
