"""What the README's script asks of onnxruntime, over the library's C API: Debian has no package of its Python binding, so a test runs the script with this in its place. ORT_LIBRARY names the library.

The numbers are places in the table of functions (struct OrtApi, onnxruntime_c_api.h), which grows at its end only."""
import ctypes
import os

import numpy as np

_API_VERSION, _FLOAT = 17, 1
_P = ctypes.c_void_p


class _ApiBase(ctypes.Structure):
    _fields_ = [("get_api", ctypes.CFUNCTYPE(_P, ctypes.c_uint32)), ("get_version", _P)]


_library = ctypes.CDLL(os.environ["ORT_LIBRARY"])
_library.OrtGetApiBase.restype = ctypes.POINTER(_ApiBase)
_table = ctypes.cast(_library.OrtGetApiBase().contents.get_api(_API_VERSION), ctypes.POINTER(_P))


def _call(place, *arguments):
    types = [ctypes.c_char_p if isinstance(a, bytes) else ctypes.c_int if isinstance(a, int) else ctypes.c_size_t if isinstance(a, ctypes.c_size_t) else _P for a in arguments]
    status = ctypes.CFUNCTYPE(_P, *types)(_table[place])(*[ctypes.cast(a, _P) if isinstance(a, (ctypes.Array, ctypes._Pointer)) else a for a in arguments])
    if status:
        raise RuntimeError(ctypes.CFUNCTYPE(ctypes.c_char_p, _P)(_table[2])(status).decode())  # GetErrorMessage


def _made(place, *arguments):
    value = _P()
    _call(place, *arguments, ctypes.pointer(value))
    return value


_environment = _made(3, 2, b"edge")  # CreateEnv
_memory = _made(69, 0, 0)  # CreateCpuMemoryInfo


class SessionOptions:
    def __init__(self):
        self.handle = _made(10)  # CreateSessionOptions
        self.log_severity_level = 2


class _Metadata:
    def __init__(self, session):
        metadata, allocator, keys, count = _made(111, session), _made(78), ctypes.POINTER(ctypes.c_char_p)(), ctypes.c_int64()  # SessionGetModelMetadata, GetAllocatorWithDefaultOptions
        _call(123, metadata, allocator, ctypes.pointer(keys), ctypes.pointer(count))  # ModelMetadataGetCustomMetadataMapKeys
        self.custom_metadata_map = {}
        for i in range(count.value):
            value = ctypes.c_char_p()
            _call(116, metadata, allocator, keys[i], ctypes.pointer(value))  # ModelMetadataLookupCustomMetadataMap
            self.custom_metadata_map[keys[i].decode()] = value.value.decode()


class InferenceSession:
    def __init__(self, path, options, providers):
        assert providers == ["CPUExecutionProvider"]
        _call(22, options.handle, options.log_severity_level)  # SetSessionLogSeverityLevel
        self._session = _made(7, _environment, os.fsencode(path), options.handle)  # CreateSession

    def get_modelmeta(self):
        return _Metadata(self._session)

    def run(self, names, feeds):
        inputs, kept = (_P * len(feeds))(), []
        for i, array in enumerate(feeds.values()):
            assert array.dtype == np.float32
            array = np.ascontiguousarray(array)
            kept.append(array)
            shape = (ctypes.c_int64 * array.ndim)(*array.shape)
            inputs[i] = _made(49, _memory, array.ctypes.data_as(_P), ctypes.c_size_t(array.nbytes), shape, ctypes.c_size_t(array.ndim), _FLOAT)  # CreateTensorWithDataAsOrtValue
        outputs = (_P * len(names))()
        text = lambda words: (ctypes.c_char_p * len(words))(*[word.encode() for word in words])
        _call(9, self._session, _P(), text(list(feeds)), inputs, ctypes.c_size_t(len(feeds)), text(names), ctypes.c_size_t(len(names)), outputs)  # Run
        return [self._array(_P(output)) for output in outputs]

    @staticmethod
    def _array(value):
        info, rank = _made(65, value), ctypes.c_size_t()  # GetTensorTypeAndShape
        _call(61, info, ctypes.pointer(rank))  # GetDimensionsCount
        shape = (ctypes.c_int64 * rank.value)()
        _call(62, info, shape, rank)  # GetDimensions
        data = _made(51, value)  # GetTensorMutableData
        count = int(np.prod(list(shape)))
        return np.ctypeslib.as_array(ctypes.cast(data, ctypes.POINTER(ctypes.c_float)), (count,)).reshape(list(shape)).copy()
