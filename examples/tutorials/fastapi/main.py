"""Items that any page may read and change, or only those of two origins.

Run one of both: uvicorn main:allow_all, or uvicorn main:explicit.
"""

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware

router = APIRouter()


@router.get("/items")
async def list_items():
    return "three items"


@router.put("/items/{number}")
async def change_item(number: int):
    return f"item {number} changed"


@router.get("/report")
async def report():
    raise NotImplementedError("the report is not written yet")


allow_all = FastAPI()
allow_all.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)
allow_all.include_router(router)

origins = [
    "https://app.example.com",
    "http://localhost:3000",
]

explicit = FastAPI()
explicit.add_middleware(
    CORSMiddleware,
    allow_origins=origins,
    allow_credentials=True,
    allow_methods=["GET", "PUT"],
    allow_headers=["Content-Type", "X-CSRF-Token"],
)
explicit.include_router(router)
